package web

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// signers are the interpreters of the functions in docs/access.md, by the heading there: a file's name, the command that runs it with the
// file and the arguments of the function, and what stands before and after the function in the file.
var signers = map[string]struct {
	file, before, after string
	command             []string
}{
	"Python": {"sign.py", "import sys\n", "print(sign(*sys.argv[1:4], int(sys.argv[4])))\n", []string{"python3"}},
	"JavaScript": {
		"sign.cjs", "globalThis.crypto = globalThis.crypto || require(\"node:crypto\").webcrypto;\n",
		"const [path, key, secret, seconds] = process.argv.slice(2);\nsign(path, key, secret, Number(seconds)).then((link) => console.log(link));\n", []string{"node"},
	},
	"PHP": {"sign.php", "<?php\n", "echo sign($argv[1], $argv[2], $argv[3], (int)$argv[4]), \"\\n\";\n", []string{"php"}},
	"Go": {
		"sign.go", "package main\n\nimport (\"crypto/hmac\"; \"crypto/sha256\"; \"encoding/base64\"; \"fmt\"; \"os\"; \"slices\"; \"strconv\"; \"strings\"; \"time\")\n\n",
		"func main() {\n\tseconds, _ := strconv.ParseInt(os.Args[4], 10, 64)\n\tfmt.Println(sign(os.Args[1], os.Args[2], os.Args[3], seconds))\n}\n", []string{"go", "run"},
	},
}

// TestSignersOfTheDocsMakeLinksThatAreValid runs the functions as they are in docs/access.md.
func TestSignersOfTheDocsMakeLinksThatAreValid(t *testing.T) {
	url, _, _ := serveLinked(t, linkKey)
	for language, signer := range signers {
		t.Run(language, func(t *testing.T) {
			if _, err := exec.LookPath(signer.command[0]); err != nil {
				t.Skipf("SKIPPED: this machine lacks the program: %v", err)
			}
			file := filepath.Join(t.TempDir(), signer.file)
			code := signer.before + codeOf(t, language) + signer.after
			if err := os.WriteFile(file, []byte(code), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, path := range []string{
				"/cameras/gate/stream", "/cameras/gate/snapshot.jpg?width=160", "/cameras/gate/snapshot.png?width=160&max_age=5&Z=1&a=%20&_=2&&crop=0,0,.5,.5",
			} {
				for seconds, status := range map[string]int{"3600": 200, "-1": 410} {
					cmd := exec.CommandContext(t.Context(), signer.command[0], append(signer.command[1:], file, path, "wall", linkSecret, seconds)...)
					cmd.Stderr = t.Output()
					out, err := cmd.Output()
					if err != nil {
						t.Fatal(err)
					}
					link := strings.TrimSpace(string(out))
					if resp, body := ask(t, "GET", url+link, elsewhere, ""); resp.StatusCode != status {
						t.Errorf("%s became %s: %d %.200s", path, link, resp.StatusCode, body)
					}
				}
			}
		})
	}
}

// TestTokenOfTheDocsLetsItsHolderIn runs the function as it is in docs/access.md.
func TestTokenOfTheDocsLetsItsHolderIn(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skipf("SKIPPED: this machine lacks the program: %v", err)
	}
	dir := t.TempDir()
	for name, content := range map[string]string{"token.py": codeOf(t, "A token in Python"), "jwt.secret": jwtSecret + "\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	url, _ := serveText(t, "auth: {jwt: {secret_file: "+filepath.Join(dir, "jwt.secret")+"}}\n"+site)
	cmd := exec.CommandContext(t.Context(), "python3", "-I", "token.py")
	cmd.Dir, cmd.Stderr = dir, t.Output()
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	header := map[string]string{"Test-From": elsewhere, "Authorization": "Bearer " + strings.TrimSpace(string(out))}
	for path, want := range map[string]int{"/api/cameras/gate": 200, "/api/cameras/yard": 403, "/metrics": 403} {
		if resp, body := send(t, "GET", url+path, "", header); resp.StatusCode != want {
			t.Errorf("%s: %s %s", path, resp.Status, body)
		}
	}
}

// codeOf returns the code below a heading of docs/access.md.
func codeOf(t *testing.T, heading string) string {
	t.Helper()
	docs, err := os.ReadFile("../docs/access.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(docs), "\n#### "+heading+"\n")
	if !found {
		t.Fatalf("docs/access.md has no heading %s", heading)
	}
	rest, _, _ = strings.Cut(rest, "\n#")
	var code strings.Builder
	for line := range strings.Lines(rest) {
		if text, isCode := strings.CutPrefix(line, "    "); isCode || line == "\n" {
			code.WriteString(strings.TrimSuffix(text, "\n") + "\n")
		}
	}
	return code.String()
}

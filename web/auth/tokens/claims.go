package tokens

import (
	"path"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/web/auth"

	"github.com/golang-jwt/jwt/v5"
)

// maxName is how long the name of a token may be in bytes. It is logged.
const maxName = 200

// principalOf returns the principal that verified claims describe. A claim that makes no sense is an error and is not ignored: it may
// be meant to limit the token.
func principalOf(claims jwt.MapClaims, config configs.JWT) (auth.Principal, error) {
	p := auth.Principal{Kind: auth.Token}
	var err error
	if p.Name, err = nameOf(claims[config.Claims.Name]); err != nil {
		return auth.Principal{}, err
	}
	if p.Role, err = roleOf(claims, config); err != nil {
		return auth.Principal{}, err
	}
	if p.Cameras, err = camerasOf(claims, config, p.Role); err != nil {
		return auth.Principal{}, err
	}
	p.Until = endOf(claims)
	return p, nil
}

// nameOf returns the name in a claim, which may be missing.
func nameOf(claim any) (string, error) {
	if claim == nil {
		return "", nil
	}
	name, ok := claim.(string)
	if !ok || len(name) > maxName || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return "", errName
	}
	return name, nil
}

// roleOf returns the role in the claims, or the default one.
func roleOf(claims jwt.MapClaims, config configs.JWT) (auth.Role, error) {
	claim, given := claims[config.Claims.Role]
	if !given {
		claim = config.DefaultRole
	}
	switch claim {
	case auth.Viewer.String():
		return auth.Viewer, nil
	case auth.Admin.String():
		return auth.Admin, nil
	}
	return auth.Anybody, errRole
}

// camerasOf returns the patterns in the claims or else the default ones; none means all cameras. The claims of an admin must not limit
// the cameras.
func camerasOf(claims jwt.MapClaims, config configs.JWT, role auth.Role) (patterns []string, err error) {
	claim, given := claims[config.Claims.Cameras]
	switch list := claim.(type) {
	case string:
		patterns = strings.FieldsFunc(list, func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
	case []any:
		for _, item := range list {
			pattern, ok := item.(string)
			if !ok || pattern == "" {
				return nil, errCameras
			}
			patterns = append(patterns, pattern)
		}
	case nil:
		if !given && role == auth.Admin {
			return nil, nil
		}
		if !given {
			patterns = config.DefaultCameras
		}
	}
	for _, pattern := range patterns {
		if _, err := path.Match(pattern, ""); err != nil {
			return nil, errCameras
		}
	}
	if len(patterns) == 0 { // would mean all
		return nil, errCameras
	}
	if role == auth.Admin && !configs.AllCameras(patterns) {
		return nil, errLimited
	}
	return patterns, nil
}

// endOf returns when a token ends, the zero time if it does not say.
func endOf(claims jwt.MapClaims) time.Time {
	end, err := claims.GetExpirationTime()
	if err != nil || end == nil {
		return time.Time{}
	}
	return end.Time
}

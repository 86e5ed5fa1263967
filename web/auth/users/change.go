package users

import (
	"context"

	"github.com/framegate/framegate/configs"
)

// NewPassword is a password that a user has chosen, and may get.
type NewPassword struct {
	Was   configs.Secret // hash with which the old password was compared
	Hash  configs.Secret // of the new one
	Stamp string         // that the user has with the new one, see Users.Stamp
}

// Change checks the old password of a user, as Check does for a sign-in and within the same limits, and hashes the new one, which must be one
// that password.Check accepts. It sets nothing. The error is an *auth.Error if the old password is wrong or was tried too often.
func (u *Users) Change(ctx context.Context, name, old, new, address string) (NewPassword, error) {
	user, err := u.check(ctx, passwordChange, name, old, address)
	if err != nil {
		return NewPassword{}, err
	}
	hash, err := u.Hash(ctx, new)
	if err != nil {
		return NewPassword{}, err
	}
	return NewPassword{Was: user.PasswordHash, Hash: hash, Stamp: stampOf(hash)}, nil
}

// Hash hashes a new password, which must be one that password.Check accepts, when it is its turn. The error is an *auth.Error if too many
// requests wait, or if ctx is done before.
func (u *Users) Hash(ctx context.Context, new string) (configs.Secret, error) {
	if !u.hashes.enter(ctx, ofUsers) {
		return "", busy()
	}
	defer u.hashes.leave()
	text, err := u.hash(new)
	return configs.Secret(text), err
}

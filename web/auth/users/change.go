package users

import (
	"context"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/configs/password"
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
	if !u.hashes.enter(ctx, ofUsers) {
		return NewPassword{}, busy()
	}
	defer u.hashes.leave()
	text, err := password.New(new)
	if err != nil {
		return NewPassword{}, err
	}
	hash := configs.Secret(text)
	return NewPassword{Was: user.PasswordHash, Hash: hash, Stamp: stampOf(hash)}, nil
}

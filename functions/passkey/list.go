package passkey

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/account"
	"pilothandbook/handbook/account/confirm"
	"pilothandbook/handbook/audit"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
	"pilothandbook/reader"
)

// shown is a passkey as its owner sees it.
type shown struct {
	ID    uuid.UUID  `json:"id"`
	Name  string     `json:"name"`
	Since time.Time  `json:"since"`
	Used  *time.Time `json:"used"` // null: never yet
}

// view is the page.
type view struct {
	Passkeys []shown
	Works    bool // browsers make passkeys for this address
	Recent   bool // signed in a moment ago
	Confirm  string
}

func (e endpoint) show(w http.ResponseWriter, r *http.Request) error {
	all, err := e.of(r)
	if err != nil {
		return err
	}
	recent, err := confirm.Recent(r.Context(), e.db)
	if err != nil {
		return err
	}
	return e.page.Show(w, r, http.StatusOK, reader.View{
		Title: "Passkeys", Notice: e.notice, Data: view{Passkeys: all, Works: e.site != nil, Recent: recent, Confirm: confirm.Page(home)},
	})
}

func (e endpoint) list(w http.ResponseWriter, r *http.Request) error {
	all, err := e.of(r)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, all)
}

func (e endpoint) of(r *http.Request) ([]shown, error) {
	all, err := account.Passkeys(r.Context(), e.db, access.User(r.Context()))
	if err != nil {
		return nil, err
	}
	out := []shown{}
	for _, k := range all {
		out = append(out, shown{k.ID, k.Name, k.Since, k.Used})
	}
	return out, nil
}

func (e endpoint) end(w http.ResponseWriter, r *http.Request) error {
	id, err := uuid.Parse(web.Param(r, "passkey"))
	if err != nil {
		return fault.New(fault.NotFound, "There is no such passkey. Your passkeys show those that there are.")
	}
	user := access.User(r.Context())
	err = db.Tx(r.Context(), e.db, func(tx pgx.Tx) error {
		if err := account.DeletePasskey(r.Context(), tx, user, id); err != nil {
			return err
		}
		return record(r.Context(), tx, user, "passkey deleted", id)
	})
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, home)
}

// record notes what somebody did with a passkey of their own.
func record(ctx context.Context, tx pgx.Tx, user uuid.UUID, action string, passkey uuid.UUID) error {
	return audit.Write(ctx, tx, audit.Entry{Actor: user, Action: action, Subject: audit.User(user), Detail: map[string]any{"passkey": passkey}})
}

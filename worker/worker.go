// Package worker runs the jobs of the handbook: which ones there are, and who
// does them.
package worker

import (
	"context"
	"time"

	"pilothandbook/handbook/bundle"
	"pilothandbook/handbook/job"
	"pilothandbook/handbook/offline"
	"pilothandbook/platform"
	"pilothandbook/platform/mail"
	"pilothandbook/platform/queue"
	"pilothandbook/worker/accounts"
	"pilothandbook/worker/content"
	"pilothandbook/worker/learning"
	"pilothandbook/worker/money"
	"pilothandbook/worker/optimise"
	"pilothandbook/worker/post"
	"pilothandbook/worker/tally"
	"pilothandbook/worker/upkeep"
)

// Run works until ctx ends, then lets running jobs end. Modules' components
// are compiled by c.
func Run(ctx context.Context, p *platform.Platform, c bundle.Compiler) error {
	mux, err := Mux(p, c)
	if err != nil {
		return err
	}
	w := queue.NewWorker(queue.Options{Pool: p.DB, Redis: p.Redis, Channel: platform.WakeChannel, Monitor: p.Monitor, Tracer: p.Tracer, Log: p.Log, Schedules: Schedules()}, mux)
	p.OnReady(w.Unready)
	return w.Run(ctx)
}

// Schedules lists what is done again and again.
func Schedules() []queue.Schedule {
	return []queue.Schedule{
		{Name: "reconcile", Every: 10 * time.Minute, Job: job.Reconcile{}},
		{Name: "upkeep", Every: time.Hour, Job: job.Upkeep{}},
		{Name: "analytics-today", Every: 10 * time.Minute, Job: job.RollUpAnalytics{}},
		{Name: "analytics-kept", Every: 24 * time.Hour, Job: job.KeepAnalytics{}},
	}
}

// Mux is the one list of who does what.
func Mux(p *platform.Platform, c bundle.Compiler) (*queue.Mux, error) {
	sender, err := mail.New(p.Config.MailURL.Reveal(), p.Config.MailFrom)
	if err != nil {
		return nil, err
	}
	mux := queue.NewMux(job.Queues()...)

	images, err := optimise.By(p.Config)
	if err != nil {
		return nil, err
	}
	k := content.Jobs{DB: p.DB, Keyring: offline.Keyring(p.Config), Images: images, Compiler: c}
	queue.Handle(mux, k.ProcessModule)
	queue.Handle(mux, k.UpdateSearchIndex)
	queue.Handle(mux, k.GenerateOfflinePackage)

	l := learning.Jobs{DB: p.DB, Cache: p.Cache}
	queue.Handle(mux, l.SyncProgress)
	queue.Handle(mux, l.SyncReaders)

	m := post.Jobs{DB: p.DB, Mail: sender, Config: p.Config}
	queue.Handle(mux, m.SignInCode)
	queue.Handle(mux, m.Welcome)
	queue.Handle(mux, m.Confirmation)
	queue.Handle(mux, m.PaymentFailed)
	queue.Handle(mux, m.RefundNotice)
	queue.Handle(mux, m.Given)
	queue.Handle(mux, m.Closed)
	queue.Handle(mux, m.GiftClosed)
	queue.Handle(mux, m.Report)
	queue.Handle(mux, m.EmailChangeCode)
	queue.Handle(mux, m.EmailChanged)
	queue.Handle(mux, m.Goodbye)
	queue.Handle(mux, m.Announce)
	queue.Handle(mux, m.Update)
	queue.Handle(mux, m.PasskeyAdded)
	queue.Handle(mux, m.Resend)

	y := money.New(p)
	queue.Handle(mux, y.Refund)
	queue.Handle(mux, y.Reconciled)

	a := accounts.Jobs{DB: p.DB, Cache: p.Cache, Stripe: p.Stripe}
	queue.Handle(mux, a.EraseCustomer)
	queue.Handle(mux, a.CloseCheckout)
	queue.Handle(mux, a.ForgetReader)

	u := upkeep.Jobs{DB: p.DB}
	queue.Handle(mux, u.Upkeep)

	n := tally.Jobs{DB: p.DB}
	queue.Handle(mux, n.RollUp)
	queue.Handle(mux, n.Keep)
	return mux, nil
}

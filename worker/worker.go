// Package worker runs the jobs of the handbook: which ones there are, and who
// does them.
package worker

import (
	"context"

	"pilothandbook/handbook/job"
	"pilothandbook/platform"
	"pilothandbook/platform/mail"
	"pilothandbook/platform/queue"
	"pilothandbook/worker/content"
	"pilothandbook/worker/post"
)

// Run works until ctx ends, then lets running jobs end.
func Run(ctx context.Context, p *platform.Platform) error {
	mux, err := Mux(p)
	if err != nil {
		return err
	}
	o := queue.Options{Pool: p.DB, Redis: p.Redis, Channel: platform.WakeChannel, Log: p.Log}
	return queue.NewWorker(o, mux).Run(ctx)
}

// Mux is the one list of who does what.
func Mux(p *platform.Platform) (*queue.Mux, error) {
	sender, err := mail.New(p.Config.MailURL.Reveal(), p.Config.MailFrom)
	if err != nil {
		return nil, err
	}
	c, m := content.Jobs{DB: p.DB}, post.Jobs{DB: p.DB, Mail: sender, Config: p.Config}
	mux := queue.NewMux(job.Queues()...)
	queue.Handle(mux, c.ProcessModule)
	queue.Handle(mux, m.SignInCode)
	queue.Handle(mux, m.Welcome)
	queue.Handle(mux, m.Confirmation)
	queue.Handle(mux, m.Report)
	return mux, nil
}

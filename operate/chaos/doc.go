// Package chaos tests the handbook as it is deployed while everything under
// it breaks.
//
//	go test -tags chaos ./operate/chaos                     a minute of load, as CI runs it
//	go test -tags chaos -run TestChaos -timeout 30m ./operate/chaos -chaos.for=10m -chaos.sales=10000   the long one
//
// Each of these must fail, and before a change of this test is believed they are
// run; on 30 November 2026 they showed what stands below them:
//
//	go test -tags chaos -run TestChaos ./operate/chaos -chaos.defect=acknowledge-before-commit
//	    45 events that Stripe was told we have are lost
//	go test -tags chaos -run TestChaos ./operate/chaos -chaos.defect=grant-after-commit
//	    6 paid purchases open nothing
//	go test -tags chaos -run TestChaos ./operate/chaos -chaos.defect=no-claim-check
//	    jobs, and their mails, done twice
//
// [TestOutage] loses all events for three, 29 or 31 days; [TestRestore] puts a
// backup in the place of what became of it, and needs pg_dump and pg_restore.
//
// TestChaos builds the program, starts two web and two worker processes of it, a
// PostgreSQL, a Redis, a mail server and a stand-in for Stripe, all on the
// loopback, and lets readers sign in by mail, buy, pay twice, give and redeem gifts, ask for their
// money back, dispute, study and delete their accounts. Meanwhile, at moments that follow from
// -chaos.seed, it kills each of the servers and processes with SIGKILL, empties
// Redis, cuts the end off its log, freezes it, stops a worker until another one
// has its jobs and then has it go on, and has Stripe deliver its events three times, shuffled,
// late, or not at all. For the first half one web and one worker process are of
// the program as it was before the newest migration, where the clone has that commit. Some kills are aimed: at a web
// process that has just told Stripe that it has an event, while PostgreSQL is slow to commit, and at one
// that is taking events in.
//
// When the last one is over, all must come to rest within -chaos.drain. Then
// the end state is judged. What it has to be follows from what the stand-in
// knows, by the rules in this package (Expect), which share no code with those
// of the product:
//
//   - purchases, open grants and ledger are exactly what was paid, given back
//     and disputed; nobody holds the same thing twice; what was given back
//     without being asked for was superfluous
//   - a gift's code counted for one reader at most, and is open to whoever was
//     told so, unless its money went back
//   - one confirmation per purchase; the same mail twice (one Message-ID) only
//     where it was under way when its worker was killed or stopped, or
//     PostgreSQL was, between the mail server's answer and our note of it
//   - what a fallen worker was sending is sent by another one within 20 s, or
//     within 20 s after Redis lost meanwhile that it waits
//   - who was told that something is theirs can read it a second later
//   - each event that Stripe was told we have is in the inbox a second later
//   - each study event that a device was told we have is there
//   - each session still answers
//   - each job is done, once, and none is dead
//
// That the test finds what it is for is shown by testdata/defects: three small
// patches, each of which makes a copy of the program wrong in one of the ways
// that no other test would notice. A test without a build tag keeps them
// applicable.
//
// The seed repeats the schedule and the plan of each reader, not the
// interleaving: how far a request has come when its process dies is the
// machine's affair. The journal of a run, and what each process printed, are
// kept with go test -artifacts.
package chaos

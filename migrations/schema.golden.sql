-- The schema after all migrations. Made by: go test ./migrations -update

activations
  module_key text NOT NULL
  at timestamp with time zone NOT NULL DEFAULT clock_timestamp()
  version_id uuid NOT NULL
  activations_module_key_fkey FOREIGN KEY (module_key) REFERENCES modules(key)
  activations_version_id_fkey FOREIGN KEY (version_id) REFERENCES content_versions(id) ON DELETE CASCADE
  activations_pkey PRIMARY KEY (module_key, at)
  CREATE INDEX activations_version_id ON public.activations USING btree (version_id)

analytics_daily
  day date NOT NULL
  kind text NOT NULL
  module_id text NOT NULL
  lesson_id text NOT NULL
  version text NOT NULL
  events bigint NOT NULL
  anonymous bigint NOT NULL
  people bigint NOT NULL
  analytics_daily_pkey PRIMARY KEY (day, kind, module_id, lesson_id, version)

analytics_events
  at timestamp with time zone NOT NULL
  kind text NOT NULL
  module_id text NOT NULL
  lesson_id text NOT NULL
  version text NOT NULL
  user_id uuid
  CREATE INDEX analytics_events_at ON ONLY public.analytics_events USING brin (at)
  CREATE INDEX analytics_events_user_id ON ONLY public.analytics_events USING btree (user_id) WHERE (user_id IS NOT NULL)

audit_log
  id uuid NOT NULL
  at timestamp with time zone NOT NULL DEFAULT now()
  actor uuid
  action text NOT NULL
  subject text NOT NULL
  detail jsonb NOT NULL DEFAULT '{}'::jsonb
  audit_log_pkey PRIMARY KEY (id)
  CREATE INDEX audit_log_action ON public.audit_log USING btree (action, id)
  CREATE INDEX audit_log_actor ON public.audit_log USING btree (actor, id)
  CREATE INDEX audit_log_subject ON public.audit_log USING btree (subject, id)

blobs
  sha256 bytea NOT NULL
  size bigint NOT NULL
  body bytea NOT NULL
  created_at timestamp with time zone NOT NULL DEFAULT now()
  blobs_sha256_check CHECK ((length(sha256) = 32))
  blobs_pkey PRIMARY KEY (sha256)

checkouts
  id uuid NOT NULL
  user_id uuid
  module_type text NOT NULL
  amount integer NOT NULL
  currency text NOT NULL
  livemode boolean NOT NULL
  params jsonb NOT NULL
  state text NOT NULL DEFAULT 'open'::text
  stripe_session_id text
  url text NOT NULL DEFAULT ''::text
  created_at timestamp with time zone NOT NULL DEFAULT now()
  expires_at timestamp with time zone NOT NULL
  credited text[] NOT NULL DEFAULT '{}'::text[]
  gift boolean NOT NULL DEFAULT false
  agreed_at timestamp with time zone
  terms text NOT NULL DEFAULT ''::text
  orphaned boolean NOT NULL DEFAULT false
  checkouts_state_check CHECK ((state = ANY (ARRAY['open'::text, 'complete'::text, 'expired'::text])))
  checkouts_module_type_fkey FOREIGN KEY (module_type) REFERENCES modules(key)
  checkouts_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE SET NULL
  checkouts_pkey PRIMARY KEY (id)
  checkouts_stripe_session_id_key UNIQUE (stripe_session_id)
  CREATE INDEX checkouts_created_at ON public.checkouts USING btree (created_at, id)
  CREATE INDEX checkouts_user_id ON public.checkouts USING btree (user_id)
  CREATE UNIQUE INDEX checkouts_one_open ON public.checkouts USING btree (user_id, module_type, gift) WHERE (state = 'open'::text)

content_versions
  id uuid NOT NULL
  module_id text NOT NULL
  version text NOT NULL
  revision integer NOT NULL DEFAULT 1
  checksum text NOT NULL
  release_date timestamp with time zone NOT NULL DEFAULT now()
  changelog text
  is_active boolean NOT NULL DEFAULT false
  source_id uuid NOT NULL
  title text NOT NULL
  summary text NOT NULL DEFAULT ''::text
  includes text[] NOT NULL DEFAULT '{}'::text[]
  size bigint NOT NULL DEFAULT 0
  component_count integer NOT NULL DEFAULT 0
  activated_at timestamp with time zone
  content_versions_module_id_fkey FOREIGN KEY (module_id) REFERENCES modules(key)
  content_versions_source_id_fkey FOREIGN KEY (source_id) REFERENCES sources(id)
  content_versions_pkey PRIMARY KEY (id)
  content_versions_module_id_version_revision_key UNIQUE (module_id, version, revision)
  CREATE INDEX content_versions_module_id_is_active ON public.content_versions USING btree (module_id, is_active)
  CREATE INDEX content_versions_version ON public.content_versions USING btree (version)
  CREATE UNIQUE INDEX content_versions_one_active ON public.content_versions USING btree (module_id) WHERE is_active

deleted_users
  id uuid NOT NULL
  deleted_at timestamp with time zone NOT NULL DEFAULT now()
  deleted_users_pkey PRIMARY KEY (id)

email_changes
  id uuid NOT NULL
  user_id uuid NOT NULL
  email text NOT NULL
  former text
  code bytea
  wrong integer NOT NULL DEFAULT 0
  created_at timestamp with time zone NOT NULL DEFAULT now()
  expires_at timestamp with time zone NOT NULL
  used_at timestamp with time zone
  email_changes_email_check CHECK ((email = lower(email)))
  email_changes_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
  email_changes_pkey PRIMARY KEY (id)
  CREATE INDEX email_changes_email ON public.email_changes USING btree (email, created_at)
  CREATE INDEX email_changes_user_id ON public.email_changes USING btree (user_id, created_at)

former_lessons
  version_id uuid NOT NULL
  lesson_id text NOT NULL
  moved_to text
  former_lessons_version_id_fkey FOREIGN KEY (version_id) REFERENCES content_versions(id) ON DELETE CASCADE
  former_lessons_version_id_moved_to_fkey FOREIGN KEY (version_id, moved_to) REFERENCES lessons(version_id, lesson_id) ON DELETE CASCADE
  former_lessons_pkey PRIMARY KEY (version_id, lesson_id)
  CREATE INDEX former_lessons_lesson_id ON public.former_lessons USING btree (lesson_id)
  CREATE INDEX former_lessons_moved_to ON public.former_lessons USING btree (moved_to)

gifts
  id uuid NOT NULL
  stripe_payment_id text NOT NULL
  module_key text NOT NULL
  mark text NOT NULL
  created_at timestamp with time zone NOT NULL
  redeemed_at timestamp with time zone
  voided_at timestamp with time zone
  gifts_mark_check CHECK ((mark ~ '^[A-Z2-7]{8}$'::text))
  gifts_module_key_fkey FOREIGN KEY (module_key) REFERENCES modules(key)
  gifts_pkey PRIMARY KEY (id)
  gifts_mark_key UNIQUE (mark)
  gifts_stripe_payment_id_key UNIQUE (stripe_payment_id)

grants
  id uuid NOT NULL
  user_id uuid NOT NULL
  module_key text NOT NULL
  purchase_id uuid
  reason text NOT NULL DEFAULT ''::text
  created_at timestamp with time zone NOT NULL DEFAULT now()
  expires_at timestamp with time zone
  revoked_at timestamp with time zone
  revoke_reason text NOT NULL DEFAULT ''::text
  gift_id uuid
  grants_gift_id_fkey FOREIGN KEY (gift_id) REFERENCES gifts(id)
  grants_module_key_fkey FOREIGN KEY (module_key) REFERENCES modules(key)
  grants_purchase_id_fkey FOREIGN KEY (purchase_id) REFERENCES purchases(id) ON DELETE CASCADE
  grants_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
  grants_pkey PRIMARY KEY (id)
  grants_gift_id_key UNIQUE (gift_id)
  grants_user_id_module_key_purchase_id_key UNIQUE (user_id, module_key, purchase_id)

known_browsers
  user_id uuid NOT NULL
  browser bytea NOT NULL
  used_at timestamp with time zone NOT NULL DEFAULT now()
  known_browsers_browser_check CHECK ((length(browser) = 32))
  known_browsers_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
  known_browsers_pkey PRIMARY KEY (user_id, browser)

ledger
  id uuid NOT NULL
  at timestamp with time zone NOT NULL
  kind text NOT NULL
  module_type text NOT NULL
  amount integer NOT NULL
  currency text NOT NULL
  stripe_payment_id text NOT NULL
  discount integer NOT NULL DEFAULT 0
  tax integer NOT NULL DEFAULT 0
  ledger_kind_check CHECK ((kind = ANY (ARRAY['sale'::text, 'refund'::text, 'dispute'::text])))
  ledger_pkey PRIMARY KEY (id)
  ledger_stripe_payment_id_kind_key UNIQUE (stripe_payment_id, kind)
  CREATE INDEX ledger_at ON public.ledger USING btree (at, id)

lesson_ids
  lesson_id text NOT NULL
  module_key text NOT NULL
  lesson_ids_module_key_fkey FOREIGN KEY (module_key) REFERENCES modules(key)
  lesson_ids_pkey PRIMARY KEY (lesson_id)
  lesson_ids_lesson_id_module_key_key UNIQUE (lesson_id, module_key)

lessons
  version_id uuid NOT NULL
  lesson_id text NOT NULL
  module_key text NOT NULL
  position integer NOT NULL
  title text NOT NULL
  summary text NOT NULL DEFAULT ''::text
  preview boolean NOT NULL DEFAULT false
  dated date NOT NULL
  words integer NOT NULL
  acs text[] NOT NULL DEFAULT '{}'::text[]
  sources jsonb NOT NULL DEFAULT '[]'::jsonb
  headings jsonb NOT NULL DEFAULT '[]'::jsonb
  html text NOT NULL
  script text NOT NULL DEFAULT ''::text
  lessons_lesson_id_module_key_fkey FOREIGN KEY (lesson_id, module_key) REFERENCES lesson_ids(lesson_id, module_key)
  lessons_version_id_fkey FOREIGN KEY (version_id) REFERENCES content_versions(id) ON DELETE CASCADE
  lessons_pkey PRIMARY KEY (version_id, lesson_id)
  lessons_version_id_position_key UNIQUE (version_id, "position")

licences
  id uuid NOT NULL
  user_id uuid NOT NULL
  module_key text NOT NULL
  device bytea NOT NULL
  name text NOT NULL
  issued_at timestamp with time zone NOT NULL DEFAULT now()
  expires_at timestamp with time zone NOT NULL
  licences_module_key_fkey FOREIGN KEY (module_key) REFERENCES modules(key)
  licences_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
  licences_pkey PRIMARY KEY (id)
  licences_user_id_module_key_device_key UNIQUE (user_id, module_key, device)
  CREATE INDEX licences_expires_at ON public.licences USING btree (expires_at)

mail_choices
  user_id uuid NOT NULL
  list text NOT NULL
  wanted boolean NOT NULL
  updated_at timestamp with time zone NOT NULL DEFAULT now()
  mail_choices_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
  mail_choices_pkey PRIMARY KEY (user_id, list)

mails
  id uuid NOT NULL
  cause text NOT NULL
  kind text NOT NULL
  user_id uuid
  address text NOT NULL
  subject text NOT NULL DEFAULT ''::text
  state text NOT NULL DEFAULT 'pending'::text
  created_at timestamp with time zone NOT NULL DEFAULT now()
  sent_at timestamp with time zone
  mails_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'sent'::text, 'failed'::text])))
  mails_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE SET NULL
  mails_pkey PRIMARY KEY (id)
  mails_cause_key UNIQUE (cause)
  CREATE INDEX mails_address ON public.mails USING btree (address) WHERE ((user_id IS NULL) AND (address <> ''::text))
  CREATE INDEX mails_pending ON public.mails USING btree (created_at) WHERE (state = 'pending'::text)
  CREATE INDEX mails_user_id ON public.mails USING btree (user_id)

media
  version_id uuid NOT NULL
  path text NOT NULL
  sha256 bytea NOT NULL
  content_type text NOT NULL
  width integer NOT NULL DEFAULT 0
  height integer NOT NULL DEFAULT 0
  preview boolean NOT NULL DEFAULT false
  media_sha256_fkey FOREIGN KEY (sha256) REFERENCES blobs(sha256)
  media_version_id_fkey FOREIGN KEY (version_id) REFERENCES content_versions(id) ON DELETE CASCADE
  media_pkey PRIMARY KEY (version_id, path)
  CREATE INDEX media_sha256 ON public.media USING btree (sha256)

module_keys
  id uuid NOT NULL
  module_key text NOT NULL
  wrapped bytea NOT NULL
  wrapped_by text NOT NULL
  created_at timestamp with time zone NOT NULL DEFAULT now()
  module_keys_module_key_fkey FOREIGN KEY (module_key) REFERENCES modules(key)
  module_keys_pkey PRIMARY KEY (id)
  module_keys_module_key_key UNIQUE (module_key)

modules
  key text NOT NULL
  title text NOT NULL
  summary text NOT NULL DEFAULT ''::text
  price integer NOT NULL
  currency text NOT NULL DEFAULT 'usd'::text
  includes text[] NOT NULL DEFAULT '{}'::text[]
  created_at timestamp with time zone NOT NULL DEFAULT now()
  updated_at timestamp with time zone NOT NULL DEFAULT now()
  modules_currency_check CHECK ((currency ~ '^[a-z]{3}$'::text))
  modules_key_check CHECK ((key = ANY (ARRAY['private_commercial'::text, 'instrument'::text, 'bundle'::text])))
  modules_price_check CHECK ((price > 0))
  modules_pkey PRIMARY KEY (key)

outbox
  id uuid NOT NULL
  kind text NOT NULL
  queue text NOT NULL
  payload jsonb NOT NULL
  state text NOT NULL DEFAULT 'waiting'::text
  attempt integer NOT NULL DEFAULT 1
  failures integer NOT NULL DEFAULT 0
  run_at timestamp with time zone NOT NULL DEFAULT now()
  lease_until timestamp with time zone
  created_at timestamp with time zone NOT NULL DEFAULT now()
  started_at timestamp with time zone
  finished_at timestamp with time zone
  progress text NOT NULL DEFAULT ''::text
  error text NOT NULL DEFAULT ''::text
  result jsonb
  losses integer NOT NULL DEFAULT 0
  request text NOT NULL DEFAULT ''::text
  trace text NOT NULL DEFAULT ''::text
  outbox_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'queued'::text, 'running'::text, 'done'::text, 'dead'::text])))
  outbox_pkey PRIMARY KEY (id)
  CREATE INDEX outbox_dead ON public.outbox USING btree (finished_at) WHERE (state = 'dead'::text)
  CREATE INDEX outbox_failed ON public.outbox USING btree (id) WHERE (error <> ''::text)
  CREATE INDEX outbox_finished ON public.outbox USING btree (finished_at) WHERE (state = ANY (ARRAY['done'::text, 'dead'::text]))
  CREATE INDEX outbox_leased ON public.outbox USING btree (lease_until) WHERE (state = ANY (ARRAY['queued'::text, 'running'::text]))
  CREATE INDEX outbox_waiting ON public.outbox USING btree (queue, run_at) WHERE (state = 'waiting'::text)

package_files
  version_id uuid NOT NULL
  path text NOT NULL
  sha256 bytea NOT NULL
  sealed_sha256 bytea NOT NULL
  package_files_sealed_sha256_check CHECK ((length(sealed_sha256) = 32))
  package_files_sha256_fkey FOREIGN KEY (sha256) REFERENCES blobs(sha256)
  package_files_version_id_fkey FOREIGN KEY (version_id) REFERENCES packages(version_id) ON DELETE CASCADE
  package_files_pkey PRIMARY KEY (version_id, path)
  CREATE INDEX package_files_sealed ON public.package_files USING btree (sealed_sha256)
  CREATE INDEX package_files_sha256 ON public.package_files USING btree (sha256)

packages
  version_id uuid NOT NULL
  key_id uuid NOT NULL
  format integer NOT NULL
  manifest bytea NOT NULL
  created_at timestamp with time zone NOT NULL DEFAULT now()
  packages_key_id_fkey FOREIGN KEY (key_id) REFERENCES module_keys(id)
  packages_version_id_fkey FOREIGN KEY (version_id) REFERENCES content_versions(id) ON DELETE CASCADE
  packages_pkey PRIMARY KEY (version_id)

passkey_challenges
  challenge bytea NOT NULL
  browser bytea NOT NULL
  user_id uuid
  state jsonb NOT NULL
  expires_at timestamp with time zone NOT NULL
  passkey_challenges_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
  passkey_challenges_pkey PRIMARY KEY (challenge)
  CREATE INDEX passkey_challenges_expires_at ON public.passkey_challenges USING btree (expires_at)
  CREATE INDEX passkey_challenges_user_id ON public.passkey_challenges USING btree (user_id)

passkeys
  id uuid NOT NULL
  user_id uuid NOT NULL
  credential_id bytea NOT NULL
  public_key bytea NOT NULL
  sign_count bigint NOT NULL
  flags smallint NOT NULL
  transports text[] NOT NULL DEFAULT '{}'::text[]
  name text NOT NULL
  created_at timestamp with time zone NOT NULL DEFAULT now()
  last_used_at timestamp with time zone
  passkeys_credential_id_check CHECK ((length(credential_id) <= 1023))
  passkeys_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
  passkeys_pkey PRIMARY KEY (id)
  passkeys_credential_id_key UNIQUE (credential_id)
  CREATE INDEX passkeys_user_id ON public.passkeys USING btree (user_id)

payment_facts
  stripe_payment_id text NOT NULL
  kind text NOT NULL
  source text NOT NULL
  amount integer NOT NULL
  currency text NOT NULL
  at timestamp with time zone NOT NULL
  checkout_id uuid
  discount integer NOT NULL DEFAULT 0
  tax integer NOT NULL DEFAULT 0
  payment_facts_kind_check CHECK ((kind = ANY (ARRAY['submitted'::text, 'failed'::text, 'paid'::text, 'partly_refunded'::text, 'refunded'::text, 'disputed'::text, 'dispute_won'::text, 'dispute_lost'::text, 'withdrawn'::text])))
  payment_facts_checkout_id_fkey FOREIGN KEY (checkout_id) REFERENCES checkouts(id)
  payment_facts_pkey PRIMARY KEY (stripe_payment_id, kind, source, amount)
  CREATE INDEX payment_facts_checkout_id ON public.payment_facts USING btree (checkout_id)
  CREATE INDEX payment_facts_paid ON public.payment_facts USING btree (at) WHERE (kind = 'paid'::text)

progress
  id uuid NOT NULL
  user_id uuid NOT NULL
  lesson_id text NOT NULL
  completed boolean NOT NULL DEFAULT false
  last_access timestamp with time zone NOT NULL DEFAULT now()
  time_spent integer NOT NULL GENERATED minutes(active)
  completed_at timestamp with time zone
  active tstzmultirange NOT NULL DEFAULT '{}'::tstzmultirange
  progress_lesson_id_fkey FOREIGN KEY (lesson_id) REFERENCES lesson_ids(lesson_id)
  progress_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
  progress_pkey PRIMARY KEY (id)
  progress_user_id_lesson_id_key UNIQUE (user_id, lesson_id)
  CREATE INDEX progress_completed_at ON public.progress USING btree (completed_at) WHERE (completed_at IS NOT NULL)
  CREATE INDEX progress_left ON public.progress USING btree (last_access) WHERE (NOT completed)
  CREATE INDEX progress_user_id_completed ON public.progress USING btree (user_id, completed)
  CREATE INDEX progress_user_id_last_access ON public.progress USING btree (user_id, last_access)

purchases
  id uuid NOT NULL
  user_id uuid NOT NULL
  stripe_payment_id text NOT NULL
  module_type text NOT NULL
  amount integer NOT NULL
  currency text NOT NULL DEFAULT 'usd'::text
  status text NOT NULL
  purchased_at timestamp with time zone NOT NULL DEFAULT now()
  checkout_id uuid
  discount integer NOT NULL DEFAULT 0
  tax integer NOT NULL DEFAULT 0
  purchases_module_type_check CHECK ((module_type = ANY (ARRAY['private_commercial'::text, 'instrument'::text, 'bundle'::text])))
  purchases_status_check CHECK ((status = ANY (ARRAY['completed'::text, 'pending'::text, 'refunded'::text])))
  purchases_checkout_id_fkey FOREIGN KEY (checkout_id) REFERENCES checkouts(id)
  purchases_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
  purchases_pkey PRIMARY KEY (id)
  purchases_checkout_id_key UNIQUE (checkout_id)
  purchases_stripe_payment_id_key UNIQUE (stripe_payment_id)
  CREATE INDEX purchases_purchased_at ON public.purchases USING btree (purchased_at)
  CREATE INDEX purchases_user_id_status ON public.purchases USING btree (user_id, status)

reconciled
  single boolean NOT NULL DEFAULT true
  created timestamp with time zone NOT NULL
  sessions_after uuid
  gap_began timestamp with time zone
  reconciled_single_check CHECK (single)
  reconciled_pkey PRIMARY KEY (single)

refunds
  id uuid NOT NULL
  stripe_payment_id text NOT NULL
  user_id uuid
  module_type text NOT NULL
  amount integer NOT NULL
  currency text NOT NULL
  reason text NOT NULL
  created_at timestamp with time zone NOT NULL DEFAULT now()
  stripe_refund_id text
  refused integer NOT NULL DEFAULT 0
  refunds_amount_check CHECK ((amount > 0))
  refunds_reason_check CHECK ((reason = ANY (ARRAY['duplicate'::text, 'account_deleted'::text, 'requested'::text, 'mistake'::text, 'fault'::text, 'other'::text])))
  refunds_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE SET NULL
  refunds_pkey PRIMARY KEY (id)
  refunds_stripe_payment_id_key UNIQUE (stripe_payment_id)
  CREATE INDEX refunds_due ON public.refunds USING btree (created_at) WHERE (stripe_refund_id IS NULL)
  CREATE INDEX refunds_user_id ON public.refunds USING btree (user_id)

renditions
  original bytea NOT NULL
  recipe text NOT NULL
  position integer NOT NULL
  sha256 bytea NOT NULL
  content_type text NOT NULL
  width integer NOT NULL
  height integer NOT NULL
  renditions_original_check CHECK ((length(original) = 32))
  renditions_sha256_fkey FOREIGN KEY (sha256) REFERENCES blobs(sha256)
  renditions_pkey PRIMARY KEY (original, recipe, "position")

reports
  id uuid NOT NULL
  lesson_id text NOT NULL
  version text NOT NULL
  user_id uuid
  text text NOT NULL
  created_at timestamp with time zone NOT NULL DEFAULT now()
  closed_at timestamp with time zone
  outcome text NOT NULL DEFAULT ''::text
  word text NOT NULL DEFAULT ''::text
  reports_closed_check CHECK (((outcome = ''::text) OR (closed_at IS NOT NULL)))
  reports_outcome_check CHECK ((outcome = ANY (ARRAY[''::text, 'answered'::text, 'mended'::text, 'no error'::text])))
  reports_text_check CHECK ((length(text) <= 4000))
  reports_word_check CHECK ((length(word) <= 300))
  reports_lesson_id_fkey FOREIGN KEY (lesson_id) REFERENCES lesson_ids(lesson_id)
  reports_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE SET NULL
  reports_pkey PRIMARY KEY (id)
  CREATE INDEX reports_lesson ON public.reports USING btree (lesson_id, created_at)
  CREATE INDEX reports_open ON public.reports USING btree (created_at) WHERE (closed_at IS NULL)
  CREATE INDEX reports_user_id ON public.reports USING btree (user_id)

resends
  id uuid NOT NULL
  user_id uuid NOT NULL
  mail_id uuid NOT NULL
  reason text NOT NULL
  at timestamp with time zone NOT NULL DEFAULT now()
  due boolean NOT NULL DEFAULT true
  resends_reason_check CHECK ((reason <> ''::text))
  resends_mail_id_fkey FOREIGN KEY (mail_id) REFERENCES mails(id) ON DELETE CASCADE
  resends_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
  resends_pkey PRIMARY KEY (id)
  CREATE INDEX resends_mail_id ON public.resends USING btree (mail_id)
  CREATE INDEX resends_user_id ON public.resends USING btree (user_id, at)

schedule
  name text NOT NULL
  slot timestamp with time zone NOT NULL
  schedule_pkey PRIMARY KEY (name)

search_words
  word text NOT NULL
  search_words_pkey PRIMARY KEY (word)
  CREATE INDEX search_words_similar ON public.search_words USING gist (word gist_trgm_ops)

sections
  version_id uuid NOT NULL
  lesson_id text NOT NULL
  position integer NOT NULL
  anchor text NOT NULL
  title text NOT NULL
  codes text[] NOT NULL DEFAULT '{}'::text[]
  body text NOT NULL
  title_tsv tsvector NOT NULL GENERATED to_tsvector('english'::regconfig, title)
  tsv tsvector NOT NULL GENERATED (setweight(to_tsvector('english'::regconfig, title), 'A'::"char") || setweight(to_tsvector('english'::regconfig, body), 'D'::"char"))
  sections_version_id_fkey FOREIGN KEY (version_id) REFERENCES content_versions(id) ON DELETE CASCADE
  sections_version_id_lesson_id_fkey FOREIGN KEY (version_id, lesson_id) REFERENCES lessons(version_id, lesson_id) ON DELETE CASCADE
  sections_pkey PRIMARY KEY (version_id, lesson_id, "position")
  CREATE INDEX sections_codes ON public.sections USING gin (codes) WITH (fastupdate=off)
  CREATE INDEX sections_first_tsv ON public.sections USING gin (tsv) WITH (fastupdate=off) WHERE ("position" = 0)
  CREATE INDEX sections_title_tsv ON public.sections USING gin (title_tsv) WITH (fastupdate=off)
  CREATE INDEX sections_tsv ON public.sections USING gin (tsv) WITH (fastupdate=off)

sessions
  id uuid NOT NULL
  session_token bytea NOT NULL
  user_id uuid NOT NULL
  expires timestamp with time zone NOT NULL
  device text NOT NULL DEFAULT ''::text
  created_at timestamp with time zone NOT NULL DEFAULT now()
  last_seen_at timestamp with time zone NOT NULL DEFAULT now()
  verified_at timestamp with time zone NOT NULL DEFAULT now()
  sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
  sessions_pkey PRIMARY KEY (id)
  sessions_session_token_key UNIQUE (session_token)
  CREATE INDEX sessions_expires ON public.sessions USING btree (expires)
  CREATE INDEX sessions_user_id ON public.sessions USING btree (user_id)

sign_in_requests
  id uuid NOT NULL
  email text NOT NULL
  browser bytea NOT NULL
  code bytea
  link bytea
  replaced_codes bytea[] NOT NULL DEFAULT '{}'::bytea[]
  next text NOT NULL DEFAULT '/'::text
  wrong integer NOT NULL DEFAULT 0
  created_at timestamp with time zone NOT NULL DEFAULT now()
  expires_at timestamp with time zone NOT NULL
  used_at timestamp with time zone
  replaced_at timestamp with time zone
  known boolean NOT NULL DEFAULT false
  sign_in_requests_email_check CHECK ((email = lower(email)))
  sign_in_requests_pkey PRIMARY KEY (id)
  CREATE INDEX sign_in_requests_created_at ON public.sign_in_requests USING btree (created_at)
  CREATE INDEX sign_in_requests_email ON public.sign_in_requests USING btree (email, created_at)

sources
  id uuid NOT NULL
  module_key text NOT NULL
  version text NOT NULL
  digest bytea NOT NULL
  files jsonb NOT NULL
  author_id uuid
  created_at timestamp with time zone NOT NULL DEFAULT now()
  sources_author_id_fkey FOREIGN KEY (author_id) REFERENCES users(id) ON DELETE SET NULL
  sources_pkey PRIMARY KEY (id)
  sources_module_key_version_digest_key UNIQUE (module_key, version, digest)

stripe_events
  id text NOT NULL
  type text NOT NULL
  api_version text NOT NULL
  livemode boolean NOT NULL
  created timestamp with time zone NOT NULL
  received_at timestamp with time zone NOT NULL DEFAULT now()
  state text NOT NULL
  reason text NOT NULL DEFAULT ''::text
  payload jsonb NOT NULL
  stripe_events_state_check CHECK ((state = ANY (ARRAY['settled'::text, 'ignored'::text, 'quarantined'::text])))
  stripe_events_pkey PRIMARY KEY (id)
  CREATE INDEX stripe_events_checkout ON public.stripe_events USING btree (((payload #>> '{data,object,metadata,checkout}'::text[])))
  CREATE INDEX stripe_events_payment ON public.stripe_events USING btree (((payload #>> '{data,object,payment_intent}'::text[])))
  CREATE INDEX stripe_events_quarantined ON public.stripe_events USING btree (received_at) WHERE (state = 'quarantined'::text)

study_events
  user_id uuid NOT NULL
  id uuid NOT NULL
  device text NOT NULL DEFAULT ''::text
  lesson_id text NOT NULL
  kind text NOT NULL
  at timestamp with time zone NOT NULL
  active_ms integer NOT NULL DEFAULT 0
  received_at timestamp with time zone NOT NULL DEFAULT now()
  body jsonb NOT NULL
  study_events_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
  study_events_pkey PRIMARY KEY (user_id, id)
  CREATE INDEX study_events_at ON public.study_events USING brin (at timestamptz_minmax_multi_ops) WITH (pages_per_range='16', autosummarize='on')
  CREATE INDEX study_events_lesson ON public.study_events USING btree (user_id, lesson_id)

tokens
  id uuid NOT NULL
  user_id uuid NOT NULL
  token bytea NOT NULL
  name text NOT NULL
  created_at timestamp with time zone NOT NULL DEFAULT now()
  last_used timestamp with time zone
  revoked_at timestamp with time zone
  tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
  tokens_pkey PRIMARY KEY (id)
  tokens_token_key UNIQUE (token)
  CREATE INDEX tokens_user_id ON public.tokens USING btree (user_id)

users
  id uuid NOT NULL
  email text NOT NULL
  name text
  roles text[] NOT NULL DEFAULT '{}'::text[]
  created_at timestamp with time zone NOT NULL DEFAULT now()
  updated_at timestamp with time zone NOT NULL DEFAULT now()
  passkey_handle bytea
  passkey_declined_at timestamp with time zone
  users_email_check CHECK ((email = lower(email)))
  users_passkey_handle_check CHECK ((length(passkey_handle) = 64))
  users_roles_check CHECK ((roles <@ '{author,operator}'::text[]))
  users_pkey PRIMARY KEY (id)
  users_email_key UNIQUE (email)
  users_passkey_handle_key UNIQUE (passkey_handle)
  CREATE INDEX users_created_at ON public.users USING btree (created_at)

// What the server's answers and bodies look like: made by scripts/types.mjs from docs/openapi.json, not by hand.
// Deliberately absent: behaviour.

/** An alarm that is open. */
export type AlarmStatus = {
  /** Which: `source_silent`. */
  alarm: string;
  /** The destination that it is about. */
  destination: string | null;
  /** What to do next. */
  hint: string;
  /** How grave it is. */
  light: Light;
  /** What is so, as a lowercase fragment. */
  message: string;
  /** Since when. */
  opened: string;
  /** The source that it is about. */
  source: null | SourceId;
};

/** A table of an answer. */
export type AnswerTable = {
  /** Its columns. */
  columns: ResultColumn[];
  /** `PrimaryResult`, then `Table_1` and so on. */
  name: string;
  /** Its rows: a value for each column. */
  rows: unknown[][];
};

/** An API token, without the token. */
export type ApiToken = {
  /** Since when there is the token. */
  created: string;
  /** From when on it is not admitted any more; never if null. */
  expires: null | string;
  /** By which it is removed. */
  id: string;
  /** When it was last used, to the minute. */
  last_used: null | string;
  /** What it is for. */
  name: string;
  /** What its bearer may do. */
  role: Role;
};

/** Where an object is managed. */
export type ApplicationManagedBy = 'file' | 'registry';

/** A part of the audit trail. */
export type Audit = {
  /** The newest first. */
  entries: AuditEntry[];
};

/** A line of the audit trail. */
export type AuditEntry = AuditNote & {
  /** When it was written. */
  at: string;
  /** Its number; later ones are larger. */
  id: number;
};

/** What was done, by whom. */
export type AuditNote = {
  /** What: `POST /api/v1/users`. */
  action: string;
  /** Anything else; may be empty. Never holds a credential. */
  detail: string;
  /** To what: the path with its parts filled in. */
  object: string;
  /** How that ended: `ok`, or the code of the refusal. */
  outcome: string;
  /** As what. */
  role: null | Role;
  /** Who: a person, `token/NAME`, or `local` for a program on the same machine. */
  who: string;
};

/** What lies before a backfill. Figures are estimates from a few pages. */
export type BackfillOutlook = {
  /** Whether that is the least: for how long the provider keeps events is not told. */
  dies_in_is_least: boolean;
  /** In how many seconds the provider deletes the first of them; `None` if nothing is missing. */
  dies_in_seconds: number | null;
  /** Events that were not read yet. */
  events_left: number;
  /** From when on something was not read yet; `None` if nothing is missing. */
  first_missing: null | string;
  /** The oldest event that the provider still holds. */
  oldest: null | string;
  /** Requests a second within the share of the rate limit. */
  requests_per_second: number;
  /** How long reading them takes, in seconds. */
  seconds: number;
  /** `provider/tenant/source`. */
  source: string;
  /** Why the tenant could not be asked. */
  trouble: string | null;
};

/** How far a backfill is. */
export type BackfillProgress = {
  /** Events read. */
  events: number;
  /** The latest provider time read so far. */
  latest: null | string;
  /** Provider time at which it began to read; `None` before the first page with events. */
  oldest: null | string;
  /** How much of the time from `oldest` to `started` is read, 0 to 1. */
  share: number;
  /** `provider/tenant/source`. */
  source: string;
  /** When it was started. */
  started: string;
  /** How it is doing. */
  state: BackfillState;
  /** Of them, events that were not there before. */
  stored: number;
};

/** Which tenants to backfill, and from when on. */
export type BackfillRequest = {
  /** From when on: a date, or `retention` for everything that the provider still holds. */
  since: string;
  /** Names of tenants; if none is named, all that are polled. */
  tenants?: string[];
};

/** How a backfill is doing. */
export type BackfillState = 'running' | 'done' | 'stopped';

/** The body of the answer to `POST /api/v1/backfill/survey`. */
export type BackfillSurvey = {
  /** Every tenant, soonest to be lost first. */
  outlooks: BackfillOutlook[];
};

/** The body of every answer under `/api/v1/backfill`. */
export type Backfills = {
  /** Every backfill. */
  backfills: BackfillProgress[];
};

/** A session that was just begun. */
export type BegunSession = {
  /** What every change carries as `X-Doorledger-Csrf`. */
  csrf: string;
  /** When it ends if it is not used any more. */
  expires: string;
  /** Whose it is. */
  user: User;
};

/** What a text is. */
export type Check = {
  /** The columns of the last result; null if that cannot be told without running it. */
  columns: Column[] | null;
  /** What is wrong. */
  diagnostics: Diagnostic[];
  /** The statements. */
  statements: Span[];
  /** Every token but blanks. */
  tokens: QueryToken[];
};

/** How a check came out. */
export type CheckState = 'ok' | 'warning' | 'failed';

/** What a test found. */
export type Checks = {
  /** In the order in which things were looked at. */
  checks: TestCheck[];
};

/** A column. */
export type Column = {
  /** Its name. */
  name: string;
  /** Its type. */
  type: string;
};

/** A scalar type of the Kusto language. */
export type ColumnType = 'bool' | 'int' | 'long' | 'real' | 'decimal' | 'string' | 'datetime' | 'timespan' | 'guid' | 'dynamic';

/** Proposals for a place. */
export type Completion = {
  /** Where the text begins that they replace. */
  from: number;
  /** Best first. */
  items: CompletionItem[];
  /** Where it ends. */
  to: number;
};

/** A proposal. */
export type CompletionItem = {
  /** A type, or a form; may be empty. */
  detail: string;
  /** What is written. */
  insert: string;
  /** What it is. */
  kind: string;
  /** What is shown. */
  label: string;
  /** What it does; may be empty. */
  text: string;
};

/** A dashboard. What is missing when one is saved is filled in; an answer has everything. */
export type Dashboard = {
  /** What it is for. */
  about: string;
  /** What can be chosen above the tiles. */
  parameters: Parameter[];
  /** How often it asks again; never by itself if null. */
  refresh_seconds: number | null;
  /** What is shown. */
  tiles: Tile[];
  /** The time range at first: ISO 8601. */
  timespan: string;
  /** What it is called. */
  title: string;
};

/** A dashboard in the list. */
export type DashboardEntry = {
  /** What it is for. */
  about: string;
  /** By which it is named. */
  id: string;
  /** Whose it is. */
  managed: ManagedBy;
  /** What it is called. */
  title: string;
  /** When it was last changed; null if it comes with the program. */
  updated: null | string;
};

/** Every dashboard. */
export type Dashboards = {
  /** The program's own first. */
  dashboards: DashboardEntry[];
};

/** Something that could not be read or delivered. */
export type DeadLetter = {
  /** When it was put aside. */
  at: string;
  /** The provider's id of the event; empty if it could not be read. */
  event_id: string;
  /** Its number; later letters have higher ones. */
  id: number;
  /** Source that brought it, or destination that refused it. */
  origin: string;
  /** The bytes; absent in a list. */
  raw?: string | null;
  /** How `raw` is to be read. */
  raw_encoding: RawEncoding;
  /** Why. */
  reason: string;
  /** The source that brought the event. */
  source: string;
};

/** A page of letters, without their bytes. */
export type DeadLetterPage = {
  /** The letters, newest first. */
  letters: DeadLetter[];
  /** Letters that pass the filter, of all pages. */
  total: number;
};

/** A destination to be. Has no `Debug`, for it holds secrets. */
export type DestinationDraft = {
  /** Its fields. */
  config?: Record<string, unknown>;
  /** Its kind. */
  kind: string;
  /** Its name. */
  name: string;
};

/** What a destination is doing. */
export type DestinationState = 'idle' | 'sending' | 'retrying' | 'stopped' | 'paused' | 'removed';

/** One destination. */
export type DestinationStatus = {
  /** Events that wait. */
  backlog_events: number;
  /** Events that it will never take; they can be replayed. */
  dead_letters: number;
  /** Its kind: `azure_logs_ingestion`. */
  kind: string;
  /** When something was last delivered. */
  last_success: null | string;
  /** Its name in the configuration. */
  name: string;
  /** Age of the oldest of them, in seconds. */
  oldest_unsent_seconds: number | null;
  /** What it shows of what it acknowledged; `None` if nobody asks it. */
  read_back?: null | ReadBackStatus;
  /** Events delivered since the start. */
  sent_events: number;
  /** What it is doing. */
  state: DestinationState;
  /** What does not work. */
  trouble: null | Trouble;
};

/** What is to be tested: a draft, or without a kind a destination that there is. */
export type DestinationTest = {
  /** Its fields. */
  config?: Record<string, unknown>;
  /** Its kind. */
  kind?: string | null;
  /** Its name. */
  name: string;
};

/** Every destination. */
export type Destinations = {
  destinations: ShownDestination[];
};

/** Something that is wrong. */
export type Diagnostic = {
  /** Kusto's code. */
  code: string;
  /** One past the last code unit. */
  end: number;
  /** What was probably meant; may be empty. */
  hint: string;
  /** What is wrong. */
  message: string;
  /** How grave it is. */
  severity: Severity;
  /** First code unit. */
  start: number;
};

/** What became of a discard. */
export type DiscardOutcome = {
  /** Letters that are gone. */
  discarded: number;
  /** Letters that were named and are not there. */
  unknown: number;
};

/** Which letters to discard, and why. */
export type DiscardRequest = {
  /** Which: as those of a replay. */
  which: ReplayRequest;
  /** Why; it is noted with each of them. */
  why: string;
};

/** What may be written of a field, or of an object of fields: the words of JSON Schema (2020-12) that are used here, and two of our own. */
export type FieldSchema = {
  /** Whether an object may have other fields. */
  additionalProperties?: boolean;
  /** Groups of alternatives. */
  allOf?: FieldSchema[];
  /** At least one of these. */
  anyOf?: FieldSchema[];
  /** The only value that it may have. */
  const?: unknown;
  /** What a text of several lines is. */
  contentMediaType?: string;
  /** What counts if it is left out. */
  default?: unknown;
  /** What it is and where it is found. */
  description?: string;
  /** The only values that it may have. */
  enum?: unknown[];
  /** What it may look like. */
  examples?: unknown[];
  /** What a number has to be above. */
  exclusiveMinimum?: number;
  /** What a text is: `uri`, `hostname`. */
  format?: string;
  /** The entries of a list. */
  items?: FieldSchema;
  /** The largest number of entries. */
  maxItems?: number;
  /** The largest number. */
  maximum?: number;
  /** The least number of entries. */
  minItems?: number;
  /** The least number of characters. */
  minLength?: number;
  /** The least number. */
  minimum?: number;
  /** Exactly one of these. */
  oneOf?: FieldSchema[];
  /** The fields of an object, in the order of a form. */
  properties?: Record<string, FieldSchema>;
  /** The fields that must be given. */
  required?: string[];
  /** Its label. */
  title?: string;
  /** What it is, or what it may be. */
  type?: TypeNames;
  /** It is a secret. */
  writeOnly?: boolean;
  /** Nearly nobody needs it. */
  'x-advanced'?: boolean;
  /** The server makes one if it is left out. */
  'x-generated'?: boolean;
};

/** Which destination is to be forgotten. */
export type ForgetRequest = {
  /** Its name. */
  name: string;
};

/** What was given up with a destination. */
export type Forgotten = {
  /** Events that it had not got. */
  unsent_events: number;
};

/** A laid out text. */
export type FormattedQuery = {
  /** The KQL text. */
  query: string;
};

/** One line of an answer that is told while it is found. */
export type Frame = {
  /** Its columns. */
  columns: ResultColumn[];
  frame: 'table';
  /** `PrimaryResult`, then `Table_1` and so on. */
  name: string;
  /** The picture that was asked for. */
  render: null | Render;
} | {
  frame: 'rows';
  /** A value for each column. */
  rows: unknown[][];
} | {
  /** Bytes of their files. */
  bytes_scanned: number;
  /** Since the query began. */
  elapsed_ms: number;
  frame: 'progress';
  /** Rows of tables that were read. */
  rows_scanned: number;
} | {
  frame: 'beat';
  /** Behind it a tail that broke off goes on. */
  offset: number;
} | {
  /** Bytes of their files. */
  bytes_scanned: number;
  /** Since the query began. */
  elapsed_ms: number;
  /** Why the rows are only a part of the answer. */
  error: null | QueryError;
  frame: 'end';
  /** Rows of all tables. */
  rows: number;
  /** Rows of tables that were read. */
  rows_scanned: number;
};

/** A kind of destination. */
export type GoalKind = {
  /** As it is written: `azure_logs_ingestion`. */
  kind: string;
  /** What has to be written, as JSON Schema. */
  schema: FieldSchema;
  /** The name that people know. */
  title: string;
};

/** What a word is. */
export type Hover = {
  /** One past the last code unit. */
  end: number;
  /** First code unit of the word. */
  start: number;
  /** What it is, in Markdown. */
  text: string;
  /** The word. */
  title: string;
};

/** What was made of somebody else's document. Nothing of it is saved. */
export type Imported = {
  /** The dashboard. */
  dashboard: Dashboard;
  /** What could not be taken over. */
  notes: string[];
};

/** The journal. */
export type JournalStatus = {
  /** Bytes on disk. */
  bytes: number;
  /** Bytes that it may use. */
  bytes_max: number;
  /** Dead letters of all origins. */
  dead_letters: number;
  /** The next offset. */
  head_offset: number;
  /** Why it cannot write. */
  trouble: null | Trouble;
};

/** What can be connected. */
export type Kinds = {
  /** Kinds of destinations, in the order of menus. */
  destinations: GoalKind[];
  /** Providers, in the order of menus. */
  providers: ProviderKind[];
};

/** The lake. */
export type LakeStatus = {
  /** Up to which journal offset (exclusive) it is committed. */
  committed_offset: number;
  /** Its tables. */
  tables: TableStatus[];
  /** Why it cannot write. */
  trouble: null | Trouble;
  /** Events that are queryable from memory and not committed yet. */
  uncommitted_events: number;
};

/** A judgement in one word. */
export type Light = 'green' | 'yellow' | 'red';

/** What is told once of sources that are told events. */
export type Made = {
  /** The secret to paste at the provider, if it was made here. */
  secret?: string | null;
  /** The same of each source. */
  sources: MadeEntry[];
  /** The address to paste at the provider: that of the first source. */
  url?: string | null;
};

/** The name of a dashboard that was just saved. */
export type MadeDashboard = {
  /** By which it is named. */
  id: string;
};

/** Address and secret of one source. */
export type MadeEntry = {
  secret?: string | null;
  source: string;
  url: string;
};

/** A token that was just made. */
export type MadeToken = MadeTokenAbout & {
  /** The token itself, which is told this once. */
  token: string;
};

/** What is known of a token that was just made. */
export type MadeTokenAbout = {
  /** From when on it is not admitted any more; never if null. */
  expires: null | string;
  /** By which it is removed. */
  id: string;
  /** What it is for. */
  name: string;
  /** What its bearer may do. */
  role: Role;
};

/** Whose a dashboard is. */
export type ManagedBy = 'content' | 'user';

/** A person to be added. */
export type NewPerson = {
  /** The name under which the person signs in. */
  name: string;
  /** The first password; at least twelve characters. */
  password: Secret;
  /** What the person may do. */
  role: Role;
};

/** A token to be made. */
export type NewToken = {
  /** For how many days; without end if null. */
  expires_days?: number | null;
  /** What it is for. */
  name: string;
  /** What its bearer may do. */
  role: Role;
};

/** Something to choose; `{name}` stands for it in queries. */
export type Parameter = {
  /** What is chosen at first. */
  default: string;
  /** `time`, `tenant`, `free` or `choice`. */
  kind: string;
  /** As people read it. */
  label: string;
  /** As queries name it. */
  name: string;
  /** Whose first column has the choices. */
  query?: string | null;
  /** The choices. */
  values?: string[] | null;
};

/** The body of `POST /api/v1/session/password`. */
export type PasswordChange = {
  /** The next one. */
  new: Secret;
  /** The present password. */
  old: Secret;
};

/** Everybody. */
export type People = {
  /** By name. */
  users: Person[];
};

/** A person who may sign in. */
export type Person = {
  /** Since when there is the account. */
  created: string;
  /** When a session of this person was last used, to the minute. */
  last_seen: null | string;
  /** Under which name; its case does not matter. */
  name: string;
  /** What this person may do. */
  role: Role;
};

/** What is to be changed of a person. */
export type PersonChange = {
  /** Another password. It ends all sessions of the person. */
  password?: null | Secret;
  /** What the person may do from now on. */
  role?: null | Role;
};

/** A place in a text. */
export type PlaceBody = {
  /** Where, in UTF-16 code units. */
  position: number;
  /** The KQL text. */
  query: string;
};

/** One thing to mend in a configuration. */
export type Problem = {
  /** What to do next; empty if the message says it. */
  hint: string;
  /** What is wrong, as a lowercase fragment without a final dot. */
  message: string;
  /** Path of the value: `tenants[0].sources.poll.client_secret`. */
  path: string;
};

/** The body of such an answer; its content type is `application/problem+json`. */
export type ProblemBody = {
  /** Stable code of this problem (`body_too_large`), or Kusto's where there is one (`SEM0100`). */
  code: string;
  /** What is wrong here, as a lowercase fragment (a query's error in Kusto's words); never holds a credential. */
  detail: string;
  /** What to do next; may be empty. */
  hint?: string;
  /** Where the request has several things to mend: each of them, with its place. */
  problems?: Problem[];
  /** Where in the query: start and end, in bytes. */
  span?: [number, number] | null;
  /** The HTTP status. */
  status: number;
  /** The phrase of the status. */
  title: string;
  /** `urn:doorledger:problem:` and the kind of problem. */
  type: string;
};

/** A provider that can be connected. */
export type ProviderKind = {
  /** As it stands in addresses: `auth0`. */
  name: string;
  /** The ways in which its events come. */
  sources: SourceKind[];
  /** The table of its events. */
  table: string;
  /** The name that people know. */
  title: string;
};

/** Saved queries. */
export type Queries = {
  /** One's own and shared ones, by name. */
  queries: SavedQuery[];
};

/** The whole answer to a question. */
export type QueryAnswer = {
  /** Why the rows are only a part of the answer; absent if they are all. */
  error?: null | QueryError;
  /** The picture that was asked for, of the last table that did. */
  render?: null | Render;
  /** A table for each statement that has one. */
  tables: AnswerTable[];
};

/** The body of the request. */
export type QueryBody = {
  /** Rows at most, if fewer than the server allows. */
  maxRows?: number | null;
  /** The KQL text. */
  query: string;
  /** ISO 8601: only rows whose `TimeGenerated` lies within; see [`crate::read_timespan`]. */
  timespan?: string | null;
};

/** What a person wants to keep of a query. */
export type QueryDraft = {
  /** What it is called. */
  name: string;
  /** Whether others see it. */
  shared?: boolean;
  /** The KQL text. */
  text: string;
  /** The time range that goes with it: ISO 8601; none if null. */
  timespan?: string | null;
};

/** Why a query was not answered. */
export type QueryError = {
  /** Kusto's code, where there is one: `SEM0100`. */
  code: string;
  /** What to do next; may be empty. */
  hint: string;
  /** By whose fault. */
  kind: QueryErrorKind;
  /** The message, in Kusto's words where there are such. */
  message: string;
  /** Where in the text: start and end, in bytes. */
  span: [number, number] | null;
};

/** What went wrong, by whose fault. */
export type QueryErrorKind = 'syntax' | 'semantic' | 'limit' | 'internal';

/** A stretch of the text that is something. */
export type QueryToken = {
  /** One past the last code unit. */
  end: number;
  /** `keyword`, `table`, `string` … */
  kind: string;
  /** First code unit. */
  start: number;
};

/** How `DeadLetter::raw` is to be read. */
export type RawEncoding = 'text' | 'base64';

/** How what a destination shows compares with what it acknowledged. */
export type ReadBackState = 'waiting' | 'agrees' | 'fewer' | 'not_comparable' | 'not_known';

/** What a destination shows of what it acknowledged. */
export type ReadBackStatus = {
  /** When it was last compared. */
  compared: null | string;
  /** What to do next; may be empty. */
  hint: string;
  /** What is so, as a lowercase fragment. */
  message: string;
  /** How it compares. */
  state: ReadBackState;
};

/** What `render` asked for: the kind of picture and its properties (`title`, `xcolumn` …), as written. */
export type Render = {
  /** The `with (…)` properties. */
  properties: [string, string][];
  /** `timechart`, `barchart`, `table` … */
  visualization: string;
};

/** Which replay is to be ended. */
export type ReplayCancel = {
  /** Its name. */
  id: string;
};

/** What became of a replay. */
export type ReplayOutcome = {
  /** Letters that failed again and stay. */
  failed: number;
  /** Letters that are settled and gone from the box. */
  replayed: number;
};

/** How far a replay is. */
export type ReplayProgress = {
  /** Events that are to be sent, as counted at its start. */
  events: number;
  /** Its name. */
  id: string;
  /** The latest provider time up to which everything is settled. */
  latest: null | string;
  /** Tables that are left out, each with the reason. */
  left_out: string[];
  /** Events that it refused for good: they are among the dead letters. */
  refused: number;
  /** Events that the destination has acknowledged. */
  sent: number;
  /** Events from this moment on … */
  since: string;
  /** When it was started. */
  started: string;
  /** How it is doing. */
  state: ReplayState;
  /** The destination. */
  to: string;
  /** What stops it. */
  trouble?: string | null;
  /** … and before this one. */
  until: string;
  /** For which this holds. */
  where?: string | null;
};

/** Which letters to try again: some, or all. */
export type ReplayRequest = {
  /** All of them (of `origin`, if that is given). */
  all?: boolean;
  /** These. */
  ids?: number[];
  /** With `all`: of this source or destination only. */
  origin?: string | null;
  /** With `all`: only those whose reason contains this text. */
  reason?: string | null;
  /** With `all`: events of this source only, or of all sources of a tenant (`auth0/acme`). */
  source?: string | null;
};

/** How a replay is doing. */
export type ReplayState = 'counted' | 'running' | 'done' | 'stopped' | 'cancelled';

/** What is to be sent again, and to whom. */
export type ReplayWish = {
  /** Only count. */
  dry_run?: boolean;
  /** Events of this moment and later, by the provider's time: a date or a moment. */
  since: string;
  /** Name of the destination. */
  to: string;
  /** Events before this moment; now if not said. */
  until?: string | null;
  /** Only events for which this condition of KQL holds, over the columns of their table. */
  where?: string | null;
};

/** The body of `GET /api/v1/replays`. */
export type ReplaysAnswer = {
  /** Every replay. */
  replays: ReplayProgress[];
};

/** A column of a result. */
export type ResultColumn = {
  /** Its name; Kusto's rules for unnamed expressions apply. */
  name: string;
  /** Its type. */
  type: ColumnType;
};

/** What somebody may do. Each role may what the ones before it may. */
export type Role = 'viewer' | 'analyst' | 'administrator';

/** A secret that was made. */
export type Rotated = {
  secret?: string | null;
};

/** Another secret for a source. */
export type Rotation = {
  /** For how many hours the old one is accepted too, of a source that is told. */
  keep_old_hours?: number;
  /** The secret; of a source that is told, one is made if none is given. */
  secret?: null | Secret;
};

/** A saved query. */
export type SavedQuery = {
  /** By which it is named. */
  id: string;
  /** What it is called. */
  name: string;
  /** Who saved it. */
  owner: string;
  /** Whether others see it. */
  shared: boolean;
  /** The KQL text. */
  text: string;
  /** The time range that goes with it: ISO 8601; none if null. */
  timespan: string | null;
  /** When it was last changed. */
  updated: string;
};

/** What there is to ask. */
export type Schema = {
  /** Functions, by name. */
  functions: SchemaFunction[];
  /** Tables, by name. */
  tables: SchemaTable[];
};

/** A function. */
export type SchemaFunction = {
  /** What it does; may be empty. */
  about: string;
  /** Its name. */
  name: string;
};

/** A table, or what can be asked like one. */
export type SchemaTable = {
  /** What it is for; may be empty. */
  about: string;
  /** Its columns, in order. */
  columns: Column[];
  /** What kind of table. */
  kind: TableKind;
  /** Its name. */
  name: string;
};

export type Secret = string;

/** The session, if there is one. */
export type Session = {
  /** What every change carries as `X-Doorledger-Csrf`; null for programs. */
  csrf: string | null;
  /** When it ends if it is not used any more; null for programs. */
  expires: null | string;
  /** Whether this request needs no sign-in: it comes from a program on the same machine. */
  open: boolean;
  /** Whose it is; null if nobody is signed in. */
  user: null | User;
  /** The server's version. */
  version: string;
};

/** How grave a finding is. */
export type Severity = 'error' | 'warning';

/** A destination, without its secrets. */
export type ShownDestination = {
  /** What was written, with `{"set": true}` in the place of secrets. */
  config: Record<string, unknown>;
  /** Its kind; empty if that is not known. */
  kind: string;
  /** Where it is managed. */
  managed: ApplicationManagedBy;
  /** Its name. */
  name: string;
  /** Whether it is switched off. */
  paused: boolean;
  /** Why it does not run. */
  problems?: Problem[];
};

/** A source, without its secrets. */
export type ShownSource = {
  /** Where collection began, as it was written; `None` of a source that is told. */
  collection_start?: string | null;
  /** What was written, with `{"set": true}` in the place of secrets. */
  config: Record<string, unknown>;
  /** Until when an earlier secret is accepted, if one is. */
  earlier_until?: null | string;
  /** Its name within the tenant. */
  name: string;
  /** Whether it is switched off. */
  paused: boolean;
  /** Its whole name: `auth0/acme/poll`. */
  source: string;
  /** The path under which it is told; the API makes it a whole address. */
  url?: string | null;
  /** Asked for, or told. */
  via: Via;
};

/** A tenant, without its secrets. */
export type ShownTenant = {
  /** Its domain at the provider, where that is told. */
  domain?: string | null;
  /** Where it is managed. */
  managed: ApplicationManagedBy;
  /** Its name. */
  name: string;
  /** Why it does not run. */
  problems?: Problem[];
  /** Its provider. */
  provider: string;
  /** Its sources. */
  sources: ShownSource[];
};

/** The body of `POST /api/v1/session`. */
export type SignIn = {
  /** The name. */
  name: string;
  /** The password. */
  password: Secret;
};

/** The call around a place. */
export type Signature = {
  /** Which parameter the place is in. */
  active_parameter: number;
  /** Which of them has room for the argument. */
  active_signature: number;
  /** The ways to call it. */
  signatures: SignatureForm[];
};

/** One way to call a function. */
export type SignatureForm = {
  /** The whole form. */
  label: string;
  /** Its parameters: stretches of the label. */
  parameters: SignatureParameter[];
  /** What the function does; may be empty. */
  text: string;
};

/** A parameter. */
export type SignatureParameter = {
  /** One past the last code unit. */
  end: number;
  /** First code unit within the label. */
  start: number;
  /** As it is written there. */
  text: string;
};

/** One configured way in: which provider, which tenant of it, and which of the tenant's sources. */
export type SourceId = {
  /** Name of the provider: `auth0`, `onelogin`. */
  provider: string;
  /** Name of the source within the tenant: `poll`, `stream`, `webhook`, `import`. */
  source: string;
  /** Name of the tenant as the configuration calls it: `acme`. */
  tenant: string;
};

/** A way in which events of a provider come. */
export type SourceKind = {
  /** Its name: `poll`, `stream`. */
  name: string;
  /** What has to be written, as JSON Schema. */
  schema: FieldSchema;
  /** Asked for, or told. */
  via: Via;
};

/** What a source is doing. */
export type SourceState = 'starting' | 'reading' | 'caught_up' | 'listening' | 'rate_limited' | 'failing' | 'refused' | 'paused';

/** One source. */
export type SourceStatus = {
  /** Events that were delivered again. */
  duplicate_events: number;
  /** Stretches of time that could not be read. */
  gaps: number;
  /** How far behind the provider it is, in seconds, as far as that can be known. */
  lag_seconds: number | null;
  /** The provider's time of the newest event. */
  last_event: null | string;
  /** When events were last received. */
  last_received: null | string;
  /** When it last worked, with events or without. */
  last_success: null | string;
  /** Events received, the repeated ones included. */
  received_events: number;
  /** Input that could not be read as events. */
  rejected_events: number;
  /** Which one. */
  source: SourceId;
  /** What it is doing. */
  state: SourceState;
  /** Events stored. */
  stored_events: number;
  /** What does not work. */
  trouble: null | Trouble;
  /** How its events come. */
  via: Via;
};

/** A statement. */
export type Span = {
  /** One past the last code unit. */
  end: number;
  /** First code unit. */
  start: number;
};

/** The state of the whole server. */
export type Status = {
  /** Alarms about the collecting that are open, the gravest first. */
  alarms: AlarmStatus[];
  /** Every destination. */
  destinations: DestinationStatus[];
  /** The journal. */
  journal: JournalStatus;
  /** The lake. */
  lake: LakeStatus;
  /** The judgement; see [`Status::judge`]. */
  light: Light;
  /** The server's time. */
  now: string;
  /** What led to a judgement that is not green, the gravest first. */
  reasons: string[];
  /** Every source. */
  sources: SourceStatus[];
  /** Since when it runs. */
  started: string;
  /** Version of the program. */
  version: string;
};

/** What kind of table. */
export type TableKind = 'table' | 'own' | 'function';

/** One table of the lake. */
export type TableStatus = {
  /** Bytes of the data files. */
  bytes: number;
  /** Data files. */
  files: number;
  /** Its name. */
  name: string;
  /** Rows, as far as known without reading them. */
  rows: number;
};

/** The body of the request. */
export type TailBody = {
  /** Only rows behind this offset, as the last beat of a tail that broke off told it; from now on if null. */
  after?: number | null;
  /** A table, or a table and operators that look at one row each: `where`, `extend`, `project`, `parse` and their kin. */
  query: string;
};

/** What became of a batch. */
export type Taken = {
  /** Events that had been stored before. */
  duplicates: number;
  /** Input that went to the dead letters. */
  rejected: number;
  /** Events that are new and now stored. */
  stored: number;
};

/** A tenant to be. Has no `Debug`, for it holds secrets. */
export type TenantDraft = {
  /** Its name. */
  name?: string;
  /** Its provider. */
  provider?: string;
  /** Its sources by name, each with its fields. */
  sources: Record<string, unknown>;
};

/** What is to be tested: a draft, or without sources a tenant that there is. */
export type TenantTest = {
  /** Its name. */
  name: string;
  /** Its provider. */
  provider: string;
  /** Its sources by name, each with its fields. */
  sources?: Record<string, unknown> | null;
};

/** Every tenant. */
export type Tenants = {
  /** The address under which providers reach this server, as configured, without a slash at its end. If it is null, the addresses of sources begin with the one by which this was asked. */
  public_url?: string | null;
  tenants: ShownTenant[];
};

/** One thing that was looked at. */
export type TestCheck = {
  /** What to do next; may be empty. */
  hint: string;
  /** What was found, as a lowercase fragment. */
  message: string;
  /** What, unlike every other of the same test: `poll_address`, `poll_token`, `stream_auth0`. */
  name: string;
  /** How it came out. */
  state: CheckState;
};

/** A text. */
export type TextBody = {
  /** The KQL text. */
  query: string;
};

/** A tile on the grid of 24 columns. */
export type Tile = {
  /** Rows. */
  h: number;
  /** By which it is named within its dashboard. */
  id: string;
  /** `table`, `timechart`, `markdown` … */
  kind: string;
  /** How it is drawn in particular. */
  options?: Record<string, unknown> | null;
  /** The KQL text; empty for a tile of text. */
  query: string;
  /** The text of a tile of text, in Markdown. */
  text?: string | null;
  /** What stands above it. */
  title: string;
  /** Columns. */
  w: number;
  /** First column, from 0. */
  x: number;
  /** First row, from 0. */
  y: number;
};

/** A token, without the token. */
export type Token = ApiToken & {
  /** Where it is managed: always `registry`. */
  managed: string;
};

/** Every token that was made by an administrator. */
export type Tokens = {
  /** By name. */
  tokens: Token[];
};

/** Something that does not work. */
export type Trouble = {
  /** Stable code: `auth0.scope_missing`. */
  code: string;
  /** What to do next; may be empty. */
  hint: string;
  /** What happened, as a lowercase fragment. */
  message: string;
  /** Since when. */
  since: null | string;
};

/** The name of a type, or of each that it may be. */
export type TypeNames = string | string[];

/** Who one is. */
export type User = {
  /** The name. */
  name: string;
  /** What one may do. */
  role: Role;
};

/** How events came in. */
export type Via = 'poll' | 'push' | 'import';

/** The query that it became. */
export type Words = {
  /** As what it was read. */
  form: WordsForm;
  /** What was left out or guessed. */
  notes: string[];
  /** The KQL text. */
  query: string;
};

/** What somebody typed into a search box. */
export type WordsBody = {
  /** Where it is sought; in the first table of events if null. */
  table?: string | null;
  /** KQL, Auth0's Lucene form, or words. */
  text: string;
};

/** As what a text was read. */
export type WordsForm = 'kql' | 'lucene' | 'words';

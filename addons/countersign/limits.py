"""Every limit: its name, its value with the unit in the name, and the reason. No limit lives anywhere else."""

from __future__ import annotations

# -- messages ---------------------------------------------------------------------------------------------------------
MAX_BODY_BYTES = 5 * 1024 * 1024  # the largest body read or forwarded; published JSON Schemas are below 2 MB
MAX_DECODED_BODY_BYTES = 8 * 1024 * 1024  # after Content-Encoding is undone: a compression bomb stops here
MAX_CONTENT_ENCODINGS = 2  # stacked codings; no client sends more, and each one multiplies what a bomb can do
MAX_JSON_DEPTH = 200  # nesting of arrays and objects; Python's parser recurses, and no real schema is near this
MAX_APPROVAL_DEPTH = MAX_JSON_DEPTH + 8  # an approval's record holds whole schemas, and is read at each start
MAX_JSON_DIGITS = 400  # digits of one number; quadratic conversion beyond, and no IEEE double needs more
MAX_TARGET_CHARACTERS = 4096  # path and query of one request; longer ones are attacks or mistakes

# -- approvals --------------------------------------------------------------------------------------------------------
MAX_LIVE_APPROVALS = 5000  # pending and granted at once; more than people can read, and each is kept in memory
MAX_LIVE_APPROVALS_PER_CALLER = 100  # pending and granted at once; so that one caller cannot fill the inbox for all
MAX_LIVE_APPROVAL_BYTES = 128 * 1024 * 1024  # of their JSON together; in memory it is about five times that
MAX_LIVE_APPROVAL_BYTES_PER_CALLER = 32 * 1024 * 1024  # two of the largest; one caller cannot take the room of all
MAX_ENDED_APPROVAL_BYTES = 16 * 1024 * 1024  # of those that ended and are still kept in memory
MAX_REASON_CHARACTERS = 2000  # of an approver; it is in the record itself, which holds 16 KiB
EXPIRY_SWEEP_SECONDS = 5.0  # between looks for approvals whose time has come, where no request or approver looks
MAX_OPEN_REVIEWS = 1000  # break-glass changes that nobody has looked at yet; each is kept in memory until somebody does
MAX_ALIGNED_ITEMS = 100  # of an array whose items are matched by what they are; longer ones are matched by their index
MAX_ITEM_COMPARISONS = 250_000  # for that, in one side-by-side view; then by index, so that a page takes a second
MAX_ENDED_APPROVALS_KEPT = 1000  # in memory for those who ask what became of theirs; the evidence keeps all

# -- rulebook ---------------------------------------------------------------------------------------------------------
MAX_RULE_FILE_BYTES = 256 * 1024  # one rule file; written by people, and the YAML parser takes seconds beyond
MAX_RULE_FILES = 200  # in connections/ and dialects/ each; more is a wrong directory
MAX_RULE_DEPTH = 20  # nesting of one rule file; the deepest shape we define is 8
MAX_RULE_NODES = 50_000  # values of one rule file with its aliases written out: a "billion laughs" stops here
DEFAULT_HOLD_SECONDS = 45  # below boto3's read time-out of 60 s
MAX_HOLD_SECONDS = 600  # a client that waits longer is gone; it sends its request again and joins the approval
DEFAULT_LEEWAY_SECONDS = 30  # clock difference to an identity provider
MAX_LEEWAY_SECONDS = 300  # more hides a broken clock and stretches every token's life
DEFAULT_APPROVAL_SECONDS = 24 * 3600  # a working day for somebody to decide
MAX_APPROVAL_SECONDS = 30 * 24 * 3600  # a difference reviewed later than this is stale
DEFAULT_GRANT_SECONDS = 3600  # for the client to send an approved request again
MAX_GRANT_SECONDS = 7 * 24 * 3600  # an unused approval is a loaded gun
MAX_QUORUM = 10  # people; more is a mistake
MAX_REQUIREMENTS = 10  # in one all_of; more is a mistake, and each signature is matched against all of them
MAX_ALTERNATIVES = 10  # in one any_of; the same
MAX_SECRET_CHARACTERS = 16 * 1024  # a key, a password, a URL with tokens in it; a larger file is not one

# -- dialects ---------------------------------------------------------------------------------------------------------
MAX_QUOTED_CHARACTERS = 60  # of a word of the caller's in a refusal; more is not a name that a person has chosen
MAX_REFERENCES = 64  # schemas that one schema may name; each costs a read of the service
MAX_REFERENCE_DEPTH = 8  # references of references

# -- identity ---------------------------------------------------------------------------------------------------------
MAX_TOKEN_CHARACTERS = 16 * 1024  # one JWT; those with hundreds of groups stay below 10 KB
MAX_AUTHORIZATION_CHARACTERS = 24 * 1024  # the header: a token and a user name in base64
MAX_TOKEN_JSON_DEPTH = 16  # nesting of claims; real ones have three or four levels
MAX_TOKEN_LIFETIME_SECONDS = 24 * 3600  # exp - iat: a bearer token that leaked must not serve for longer than a day
MAX_KEYS_PER_ISSUER = 100  # entries of one JWK Set; large providers publish fewer than ten
MIN_RSA_KEY_BITS = 2048  # RFC 7518, 3.3
MAX_RSA_KEY_BITS = 8192  # checking a signature gets slow beyond, and this happens on the event loop
KEYS_FRESH_SECONDS = 300  # a key that its provider withdrew is accepted for no longer, while the provider answers
KEYS_STALE_SECONDS = 3600  # known keys serve so long when the provider is down: an outage, not a way to keep a lost key
KEYS_ASK_AGAIN_SECONDS = 5  # between two fetches because a token does not fit the known keys: anyone can make one up
PROVIDER_TIMEOUT_SECONDS = 5  # discovery and keys together; a client is waiting meanwhile
PROVIDER_RETRY_SECONDS = 5  # after a failed fetch, so that not every request waits for a provider that is down
MAX_LABEL_PART_CHARACTERS = 80  # of a name in a line for people

# -- evidence ---------------------------------------------------------------------------------------------------------
MAX_RECORD_BYTES = 16 * 1024  # one leaf; tlog-tiles cannot carry more than 65,535, and every start re-reads them all
MAX_RECORD_DEPTH = 32  # nesting inside the fields of a record; far below what the strict reader accepts
MAX_PAYLOAD_BYTES = 16 * 1024 * 1024  # one masked message; twice MAX_DECODED_BODY_BYTES, as masking can lengthen it
MAX_PAYLOADS_PER_RECORD = 16  # request, response, current and proposed schema, and some room
MAX_QUEUED_RECORDS = 4096  # waiting for the disk; beyond, a request is refused rather than a record dropped
MAX_QUEUED_EVIDENCE_BYTES = 256 * 1024 * 1024  # the same in memory, payloads included
MAX_COMMIT_RECORDS = 512  # one group commit; measured: no gain beyond, and the latency grows
MAX_COMMIT_BYTES = 32 * 1024 * 1024  # the same in bytes: a commit of large payloads must end within the deadline
EVIDENCE_DEADLINE_SECONDS = 2  # from submitting a record to its being durable; then the request is refused
EVIDENCE_CLOSE_SECONDS = 10  # draining the queue at the end; a stuck disk must not keep the process alive
DATABASE_BUSY_SECONDS = 1  # nobody else should ever hold the database; below EVIDENCE_DEADLINE_SECONDS
WAL_CHECKPOINT_BYTES = 4 * 1024 * 1024  # written since the write-ahead log was last copied into the database
MAX_WAL_BYTES = 64 * 1024 * 1024  # the write-ahead log is cut back to this after a long reader let go of it
MAX_KEY_FILE_BYTES = 4096  # one key of the log; a larger file is not one
MAX_VKEY_FILE_BYTES = 4 * 1024 * 1024  # public keys of a log, one line each: a new one every day for decades
MAX_ORIGIN_CHARACTERS = 200  # name of a log; it is in every record and every checkpoint
MAX_NOTE_BYTES = 16 * 1024  # one signed checkpoint, with room for the signatures of 16 witnesses
HEARTBEAT_SECONDS = 300  # between two records of an idle gateway: so long a silence is told from a gateway that was off
KEEPER_RETRY_SECONDS = 10  # until what the log does by itself, and could not do, is tried again
CLOCK_STEP_US = 1_000_000  # between the wall clock and the steady one: more than a time server slews in a minute
MIN_RETENTION_SECONDS = 24 * 3600  # younger payloads are never erased: they may be asked for while a change is decided
PRUNED_RECORDS_PER_COMMIT = 2048  # looked at in one commit of a prune; others wait for it, within the deadline
MAX_REPORTED_PROBLEMS = 100  # of one verification; one broken page can spoil every record, the rest is counted

# -- proxy ------------------------------------------------------------------------------------------------------------
SUBJECT_LOCK_SECONDS = 10.0  # waiting for another change of the same subject; below most clients' read time-outs
MAX_WORKER_THREADS = 1  # Python computes one at a time: more threads gain nothing and slow the event loop, so everybody
OUTBOUND_SECONDS = 5.0  # one request of the gateway's own; a service that needs longer to show a schema is not well
MAX_OUTBOUND_REQUESTS = 64  # of the gateway's own at once; the rest queue, within OUTBOUND_SECONDS

# -- masking ----------------------------------------------------------------------------------------------------------
MAX_EMBEDDED_JSON_LEVELS = 24  # JSON in a string in JSON ...; each level doubles the escapes: no body holds more
MAX_MASKED_VALUES = 100_000  # of one message: each may grow to a digest of 44 characters, and costs one
MAX_PATH_STATES = 10_000  # of the automaton of JSONPaths; real rules have some dozens, and it is made anew beyond
MAX_KEPT_POLICIES = 128  # masking rules compiled for one kind of message each; with the names that they know, 20 MB
MAX_SUBJECTS_OF_RULES = 1024  # for which it is known which masking rules hold; callers choose subjects
MAX_MASKED_PLACES = 40  # of one message, that its record names; the record itself holds 16 KiB
MAX_MASKED_PLACE_CHARACTERS = 100  # of one such place; a caller chooses the names in it
MAX_LABEL_CHARACTERS = 1024  # of a path or name that says what the value beside it is; longer ones hide it
MAX_CLEAN_PLACES = 1024  # of one kind of message, without a secret in them; so they are looked at once
MAX_ZSTD_WINDOW_BYTES = 8 * 1024 * 1024  # what a decoder of the content coding has to support, and no more (RFC 9659)
MAX_READING_LEVELS = 4  # of encodings around a secret: JSON in JSON in base64 in a URL; each level reads all once more

# -- schema_change ----------------------------------------------------------------------------------------------------
MAX_SCHEMAS_AT_ONE_VALUE = 100  # nested at one value; a reference to itself that goes no deeper ends here
MAX_SCHEMA_NODES = 100_000  # values in one document; the largest published schemas have some 60,000
MAX_SCHEMA_DEPTH = 60  # subschemas read inside each other at once, six frames of Python each; the rest when needed
MAX_PROOF_DEPTH = 24  # levels of a document that one proof looks into, twelve frames each; deeper is `unknown`
MAX_PROOF_STEPS = 40_000  # for one verdict; a second at the worst, and a client is waiting
MAX_EFFECT_STEPS = 2_000  # for the effect of one change
MAX_EFFECT_STEPS_IN_ALL = 40_000  # for the effects of all changes of one comparison
MAX_COUNTEREXAMPLE_STEPS = 20_000  # to find and check the examples of one comparison; half a second at the worst
MAX_STEPS_OF_ONE_COUNTEREXAMPLE = 500  # small values are found early, or not
MAX_COUNTEREXAMPLE_BYTES = 4096  # of one made-up value; people do not read longer ones
MAX_COUNTEREXAMPLE_DEPTH = 32  # of one made-up value; it goes into a record, and nobody reads deeper ones
MAX_TRIED_VALUES = 64  # values that are tried one by one, where a range or an enumeration is short enough
MAX_LISTED_VALUES = 12  # values of a small domain that are found one by one, where items must not repeat
MAX_MADE_UP_ITEMS = 50_000  # of an array that is made up to show a difference
MADE_UP_ITEMS_PER_STEP = 20  # they take time too: a hundred long arrays, many seconds without this
MAX_TRIED_CHARACTERS = 10_000  # of a text that is made up to show a difference

# -- console ----------------------------------------------------------------------------------------------------------
MAX_CONSOLE_BODY_BYTES = 64 * 1024  # of one request to the console: a token or a reason, with room to spare
MAX_CONSOLE_SESSIONS = 1000  # logged in at once; each is kept in memory
MAX_SESSIONS_PER_PERSON = 8  # browsers of one person; more of them end the oldest, so nobody can fill the room alone
MAX_SESSION_SECONDS = 8 * 3600  # a working day; the token's own end comes first
MAX_FAILED_LOGINS_PER_MINUTE = 20  # from one address; a person who mistypes stays below
MAX_LOGIN_ADDRESSES = 1000  # addresses whose failures are remembered
MAX_CONSOLE_SOCKETS = 500  # open mitmweb pages; and as many pages and terminals that wait for news
MAX_WAITING_PER_CALLER = 50  # of each of these; any caller's token can wait, and must not take every place
MAX_DECIDED_TWINS = 50  # decided changes that mitmweb still lists, so that the list does not jump under a click
MAX_SOCKET_QUEUE_MESSAGES = 6000  # to a page that does not read; above MAX_LIVE_APPROVALS, so that one page can get all
MAX_SOCKET_MESSAGE_BYTES = 4096  # from a page; they are not acted upon
LONG_POLL_SECONDS = 25.0  # a page or terminal that waits for news is answered then; proxies cut at 30 or 60
CONSOLE_REFRESH_SECONDS = 1.0  # how late an approval that ended by time leaves the page
CONSOLE_IDLE_SECONDS = 60  # a browser's idle connection, or a body that does not come, is closed
MAX_CONSOLE_ANSWER_BYTES = 256 * 1024 * 1024  # what the command reads of an answer: some of the largest schemas
CONSOLE_TIMEOUT_SECONDS = 30  # how long the command waits for the console
MAX_HISTORY_ENTRIES = 50  # of a subject on an approval's page; more is for the command line
UNCHANGED_LINES_SHOWN = 3  # around each changed stretch of a side by side; the rest is folded, never left out
MAX_EXPRESSION_DEPTH = 40  # groups inside each other in one regular expression
MAX_AUTOMATON_PARTS = 10_000  # of one regular expression, with its counts multiplied out
MAX_AUTOMATON_STATES = 2_000  # of one regular expression, and of what several have in common
MAX_PATTERNS_TOGETHER = 5  # patterns of member names told apart at once; each doubles the sorts of names
MAX_EVALUATED = 50_000  # schemas, members and items that `unevaluated...` looks into; half a second at the worst
MAX_BRANCHES_TOGETHER = 3  # branches with patterns or `contains` beside `unevaluated...`; each doubles what is tried
MAX_REASSESSMENTS = 5  # approvals asked for one held request because the schema changed under it; then it is refused
RETRY_AFTER_SECONDS = 15  # told to a client whose change still waits; people need longer, its next try joins them
MAX_EXPRESSION_CHARACTERS = 4096  # of one regular expression; compiling takes time with its length
ON_LOOP_BYTES = 32 * 1024  # of a body that is read on the event loop, some milliseconds; larger ones go to a thread

# -- log-in with a browser --------------------------------------------------------------------------------------------
LOGIN_SECONDS = 600  # from the click to the answer of the provider: finding a second factor, not lunch
LOGIN_SESSION_SECONDS = 3600  # one sitting of decisions; an ID token's `exp` says how long *it* may be shown, no more
MAX_PENDING_LOGINS = 5000  # begun and not ended, each a kilobyte; anybody can begin one, and the oldest then makes room
MAX_LOGIN_ERROR_CHARACTERS = 300  # of what a provider says about its refusal; it comes through the browser

# -- cli --------------------------------------------------------------------------------------------------------------
WATCH_PAUSE_SECONDS = 0.2  # between two lists that came at once, where a busy gateway has news all the time
WATCH_RETRY_SECONDS = 1.0  # after the first time that the console did not answer; twice as long each time after
MAX_WATCH_RETRY_SECONDS = 15.0  # a person who waits for the console to come back looks at the screen meanwhile

# -- notifications ----------------------------------------------------------------------------------------------------
MAX_QUEUED_NEWS = 500  # that wait for one target; people who missed more look at the approvals page
MAX_QUEUED_NEWS_CHARACTERS = 16 * 1024 * 1024  # the same in memory: a summary can be as long as a change is large
FIRST_RETRY_SECONDS = 2.0  # after the first failed try; twice as long each time after
MAX_RETRY_SECONDS = 300.0  # between two tries; a target that is back waits no longer for its news
MAX_RETRY_AFTER_SECONDS = 3600.0  # what a target may ask for; a mistaken one must not switch its news off
MAX_NEWS_AGE_SECONDS = 2 * 3600  # tried until then: news come in order, and one that is never taken holds up the rest
MIN_WEBHOOK_KEY_BYTES = 24  # Standard Webhooks: 192 bits; a password can be guessed from one signed message
CHAT_SECONDS = 120.0  # one message with all its parts: services take about one part per second

# -- anchors ----------------------------------------------------------------------------------------------------------
MAX_PROOF_LINES = 63  # of a consistency proof, as tlog-witness has it: a tree of 2**63 records needs no more
MAX_WITNESS_BODY_BYTES = 24 * 1024  # one request to a witness: MAX_NOTE_BYTES, MAX_PROOF_LINES and some room
MAX_REFUSED_CHECKPOINTS = 100  # that a witness keeps as possible proof of a fork; the first ones tell the most
MAX_WITNESS_CLOCK_SECONDS = 300  # between a witness's clock and ours; a cosignature further off says nothing of now
WITNESS_IDLE_SECONDS = 60  # a connection to `countersign witness` with nothing on it; logs come every few seconds
MAX_WITNESS_RETRY_SECONDS = 60.0  # between two tries at a witness that fails; a minute of lag, once it is back
WITNESS_INTERVAL_SECONDS = 5.0  # between two looks for a checkpoint to offer: what is not anchored yet spans as much
WARN_UNANCHORED_SECONDS = 300  # without an anchor before operators are told: a witness restarts within
REFUSE_UNANCHORED_SECONDS = 3600  # without an anchor before changes are refused: long enough to mend a witness
MAX_UNANCHORED_SECONDS = 7 * 24 * 3600  # the largest of either; who wants to wait longer wants no anchor
MAX_WITNESSES = 8  # of one log; each is a thread, and a line of a cosigned note
ANCHOR_RETRY_AFTER_SECONDS = 15  # told to a client whose change is refused meanwhile; its try has woken the feeds

# -- room on the evidence's disk ----------------------------------------------------------------------------------------
EVIDENCE_BALLAST_BYTES = 64 * 1024 * 1024  # one group commit at its largest, in the write-ahead log and in the database
MIN_FREE_EVIDENCE_BYTES = 16 * 1024 * 1024  # below, nothing new begins: copying the write-ahead log needs room too
OUTCOME_RESERVE_BYTES = 256 * 1024  # kept free for each request in flight: decision and masked answer, both twice
EVIDENCE_PAGE_BYTES = 4096  # of the database
EVIDENCE_PAGES_PER_COMMIT = 8  # that even a small group touches in tables and indexes; measured: 9 for one record
EVIDENCE_PAGES_PER_RECORD = 4  # that each record touches besides its contents; its indexes are all over the place

# -- exports of the evidence ------------------------------------------------------------------------------------------
MAX_PROOF_FILE_BYTES = 64 * 1024  # one .tlog-proof: MAX_NOTE_BYTES, MAX_PROOF_LINES, and what a stranger adds

# -- acts on the evidence ---------------------------------------------------------------------------------------------
PRUNE_STEP_SECONDS = 60  # one commit of a prune and what is queued before it; a disk that takes longer hangs
MAX_CONTROL_REQUEST_BYTES = 16 * 1024  # one command to a running gateway: a rule and a reason; a record holds no more
CONTROL_REQUEST_SECONDS = 5  # for a command to arrive, and for each line of the answer to be taken
MAX_CONTROL_CLIENTS = 8  # commands at once, each a thread; operators and cron jobs are fewer
CONTROL_ANSWER_SECONDS = 300  # between two lines of an answer: planning what to erase reads every approval
MAX_SOCKET_PATH_BYTES = 107  # of a Unix socket: sun_path of Linux without its final zero

# -- connections ------------------------------------------------------------------------------------------------------
MAX_UNREAD_BYTES = 128 * 1024  # of a head, a chunk's head, or what a client sends ahead; a whole token is 24 KB
REQUEST_SECONDS = 120.0  # from a request's first byte to its last: 5 MB over a slow line
ANSWER_SECONDS = 120.0  # from sending a request to the last byte of its answer: a subject is locked all the while
LOOK_SECONDS = 1.0  # between two looks at a connection with something under way; so late may what is overdue end
TUNNEL_RECORD_SECONDS = 60.0  # between two records of a tunnel, and two checks of its caller's token
TUNNEL_RECORD_BYTES = 64 * 1024 * 1024  # through a tunnel between two records, both ways together; twice that ends it
TUNNEL_IDLE_SECONDS = 600.0  # without a byte: as mitmproxy has it for all other connections
MAX_TUNNEL_SECONDS = 8 * 3600  # a working day; what needs longer opens another one

# -- the masking process ----------------------------------------------------------------------------------------------
MASKING_SECONDS = 15  # one message of MAX_DECODED_BODY_BYTES, several times over on a busy machine; its client waits
MASKING_START_SECONDS = 15  # for the child to import what it needs, on a machine that starts everything at once
MASKING_NICENESS = 5  # the child yields to the event loop, which everybody waits for
MAX_QUEUED_MASKING = 32  # large messages that wait; the last one would wait for a minute, its client not
MAX_QUEUED_MASKING_BYTES = 64 * 1024 * 1024  # the same in memory: a dozen of the largest
MAX_MASKED_ANSWER_BYTES = 24 * 1024 * 1024  # of the child: MAX_PAYLOAD_BYTES, all headers, and some room
MAX_WHY_NOT_CHARACTERS = 200  # in which the child says why something cannot be masked; its own words are shorter
MAX_SCHEMAS_OF_MASKING = 64  # that the child keeps, so that each is sent once; then it begins anew
THREAD_SWITCH_SECONDS = 0.001  # a thread keeps the interpreter from the event loop; Python has five times that
MAX_MASKED_PLACES_BYTES = 3 * 1024  # of one message in its record, which holds 16 KiB with URL, subject and identity

# -- schemas of data --------------------------------------------------------------------------------------------------
KNOWN_SCHEMA_SECONDS = 60.0  # old: a change that did not come through the gateway masks data by then
KNOWN_SCHEMA_RETRY_SECONDS = 5.0  # after a schema could not be read; until then the outcomes of data do not wait for it
MAX_KNOWN_SCHEMAS = 1000  # subjects whose schemas are remembered, to mask data by what they mark
MAX_KNOWN_SCHEMA_BYTES = 64 * 1024 * 1024  # of their JSON together; in memory it is about five times that

# -- reports of what went wrong ---------------------------------------------------------------------------------------
MAX_REPORTED_CAUSES = 20  # exceptions behind one that is reported; a cause of causes beyond tells nobody anything
MAX_REPORTED_FRAMES = 40  # of one traceback; a recursion has a thousand that are the same

# -- masking: bodies of several parts ---------------------------------------------------------------------------------
MAX_FORM_FIELDS = 1000  # of one form or query: what web frameworks read, too; each is masked by itself
MAX_PATH_SEGMENTS = 200  # of one target or URL; each is masked by itself, and services have fewer than twenty
MAX_JSON_LINES = 10_000  # JSON texts of one body; each is masked by itself, a second or two at the worst
MAX_BODY_PARTS = 256  # of one multipart body, nested ones included: each has a header that is masked by itself
MAX_PART_HEADER_BYTES = 4096  # of one part: a name, a file name and a type
MAX_MULTIPART_LEVELS = 2  # a form whose field holds several files; RFC 7578 has done away even with that
MAX_PERCENT_LEVELS = 4  # percent-encoding of what is percent-encoded; a redirect of a redirect has three
MAX_CLEAN_FIELDS = 512  # header fields with nothing to mask that are remembered, for each kind of message
MAX_CLEAN_FIELD_CHARACTERS = 160  # of one of them; most of what clients send with every request is shorter

# -- masking: names and marks of fields -------------------------------------------------------------------------------
MAX_FIELD_NAME_CHARACTERS = 128  # of a name, or a part of it, that is judged; what is longer is taken for a secret
MAX_FIELD_NAME_PARTS = 32  # of `a[b].c`; the same for one of more parts, and each takes time
MAX_REMEMBERED_NAMES = 4096  # names of fields, and moves of one state, of which the answer is kept
MAX_MARKED_SUBSCHEMAS = 100_000  # of a document and its references together; the largest published have some 60,000
MAX_MARK_EDGES = 500_000  # references and nestings of these; many anchors of one name would multiply without it
MAX_MARK_STEPS = 400_000  # subschemas looked at to find all marked places of one document; half a second at the worst
MAX_BASE_URIS = 8  # readings of one subschema's identifier; only mixtures of dialects have several
MAX_REFERENCE_CHARACTERS = 2048  # of a URI in a schema; a longer one leads nowhere
MAX_MATCHED_CHARACTERS = 128  # of a member's name that is tried on a pattern; longer ones count as if they matched

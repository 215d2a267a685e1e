//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

const EXAMPLES: &str = "Examples:
  inro-wallet --home H trust add --issuer agency-ca.pem
  inro-wallet --home H receive 'openid-credential-offer://…' --tx-code 123456
  inro-wallet --home H present 'openid4vp://…'

Exit: 0 done, 1 failed, 2 usage, 3 refused.";

/// A wallet for employee credentials, at a terminal. Its keys are software keys: for tests and
/// demonstrations.
#[derive(Debug, Parser)]
#[command(name = "inro-wallet", version, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The wallet's home folder; made where needed.
    #[arg(long, value_name = "H", global = true)]
    pub(crate) home: Option<PathBuf>,
    /// Print JSON on stdout.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What the wallet can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Whom to trust.
    #[command(subcommand, after_help = "Example:\n  inro-wallet --home H trust add --issuer agency-ca.pem")]
    Trust(Trust),
    /// Receive the credentials of an offer.
    #[command(
        after_help = "Example:\n  inro-wallet --home H receive 'openid-credential-offer://…' --tx-code 123456"
    )]
    Receive {
        /// `openid-credential-offer://…`
        offer: String,
        /// The transaction code that came apart from the offer.
        #[arg(long, value_name = "N")]
        tx_code: Option<String>,
    },
    /// Ask for credentials that their agency has to approve first.
    #[command(after_help = "Example:\n  inro-wallet --home H collect --json")]
    Collect,
    /// Fetch new copies where few are left or the end is near, as far as their agency refills them.
    ///
    /// The wallet asks at times that it drew beforehand, so that the agency does not learn when a copy was
    /// shown: run this every hour or so.
    #[command(
        after_help = "Examples:\n  inro-wallet --home H refill --json\n  inro-wallet --home H refill --now"
    )]
    Refill {
        /// At once, for every credential of which a copy was used: the agency learns that one was.
        #[arg(long)]
        now: bool,
    },
    /// List the credentials.
    #[command(after_help = "Example:\n  inro-wallet --home H list --json")]
    List,
    /// Show one credential with its claims.
    ///
    /// A long value is cut and says by how much; with --json it is whole.
    #[command(after_help = "Example:\n  inro-wallet --home H show nB6S2hJrWq0y")]
    Show {
        /// The id that `list` shows; it may begin with a dash.
        #[arg(allow_hyphen_values = true)]
        id: String,
    },
    /// Answer a presentation request after a review.
    #[command(
        after_help = "Example:\n  inro-wallet --home H present 'openid4vp://…'\n  inro-wallet --home H present --always 30 'openid4vp://…'"
    )]
    Present(Present),
    /// What you approved always, for one verifier and one query.
    #[command(subcommand, after_help = "Example:\n  inro-wallet --home H consent list")]
    Consent(Consent),
    /// Show what was received, presented, refused and deleted; export, erase.
    ///
    /// A long list of claims is cut and says by how much; with --json it is whole.
    #[command(
        after_help = "Example:\n  inro-wallet --home H history\n  inro-wallet --home H history export evidence.json"
    )]
    History {
        /// What to do; without it the history is shown.
        #[command(subcommand)]
        action: Option<HistoryAction>,
    },
    /// Check a file that `history export` wrote, whoever wrote it. Needs no wallet and no network.
    ///
    /// It shows that nothing was altered, put in or taken out between the first and the last record. It does not show
    /// whose it is (compare --key), nor that the end was not cut (compare --head).
    #[command(after_help = "Example:\n  inro-wallet verify-bundle evidence.json")]
    VerifyBundle {
        /// The file.
        file: PathBuf,
        /// The thumbprint of the key that should have begun it.
        #[arg(long, value_name = "THUMBPRINT", allow_hyphen_values = true)]
        key: Option<String>,
        /// The digest of a record that should be in it: the last one that you saw.
        #[arg(long, value_name = "DIGEST", allow_hyphen_values = true)]
        head: Option<String>,
    },
    /// Give the wallet up: tell the issuers, then delete every key, then the vault. There is no way back.
    ///
    /// Asks at the terminal whether its holder is there. While an issuer cannot be reached the wallet waits, and does nothing
    /// else: say it again later, or with --now. The history goes as well: export it before.
    #[command(after_help = "Example:\n  inro-wallet --home H unenrol")]
    Unenrol {
        /// Do not wait for an issuer that cannot be reached.
        #[arg(long)]
        now: bool,
        /// Ask nobody whether they are there: for tests.
        #[arg(long)]
        yes: bool,
    },
    /// Move history and trust anchors to another phone, in a file under a passphrase.
    ///
    /// Credentials and keys stay: new credentials come by a new offer from each agency.
    #[command(subcommand, after_help = "Example:\n  inro-wallet --home OLD transfer export move.inro")]
    Transfer(Transfer),
    /// Delete a credential, its keys first, and tell its issuer.
    ///
    /// Asks at the terminal whether its holder is there.
    #[command(after_help = "Example:\n  inro-wallet --home H delete nB6S2hJrWq0y")]
    Delete {
        /// The id that `list` shows; it may begin with a dash.
        #[arg(allow_hyphen_values = true)]
        id: String,
        /// Delete without asking. Nobody has to be there: for tests.
        #[arg(long)]
        yes: bool,
    },
}

/// A request, and how to decide on it.
#[derive(Args, Debug)]
pub(crate) struct Present {
    /// `openid4vp://…`
    pub(crate) request: String,
    /// Approve without asking, within what the verifier is registered for.
    #[arg(long)]
    pub(crate) yes: bool,
    /// With --yes: approve also what no registration covers.
    #[arg(long, requires = "yes")]
    pub(crate) allow_unregistered: bool,
    /// With --yes: a claim that stays in the wallet, by the name that the review shows, such as
    /// `grade` or `department.name`; again for each further one. Where the verifier takes no
    /// answer without it, the request is declined.
    #[arg(long, requires = "yes", value_name = "CLAIM")]
    pub(crate) without: Vec<String>,
    /// Approve also what this verifier will ask in exactly these words for so many days, 1 to 365.
    /// Each time you are asked for a gesture, and for nothing else.
    #[arg(long, conflicts_with = "yes", value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..=365))]
    pub(crate) always: Option<u16>,
    /// Decide again, where you approved always or withdrew that.
    #[arg(long, conflicts_with = "yes")]
    pub(crate) anew: bool,
}

/// What `consent` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Consent {
    /// List what you approved always, and what you withdrew.
    #[command(after_help = "Example:\n  inro-wallet --home H consent list --json")]
    List,
    /// Withdraw an approval: the verifier's next request is refused, and it is told so.
    #[command(after_help = "Example:\n  inro-wallet --home H consent withdraw nB6S2hJrWq0y")]
    Withdraw {
        /// The id that `consent list` shows; it may begin with a dash.
        #[arg(allow_hyphen_values = true)]
        id: String,
        /// Without asking for a gesture: for tests.
        #[arg(long)]
        yes: bool,
    },
}

/// Which way.
#[derive(Debug, Subcommand)]
pub(crate) enum Transfer {
    /// Write the file.
    #[command(after_help = "Example:\n  inro-wallet --home OLD transfer export move.inro")]
    Export {
        /// The file; there must be none of this name.
        file: PathBuf,
        /// Take the first line of this file, and ask for no passphrase: for tests.
        #[arg(long, value_name = "FILE")]
        passphrase_file: Option<PathBuf>,
        /// Ask nobody whether they are there: for tests.
        #[arg(long)]
        yes: bool,
    },
    /// Take the file over into a new wallet.
    #[command(after_help = "Example:\n  inro-wallet --home NEW transfer import move.inro")]
    Import {
        /// The file.
        file: PathBuf,
        /// Take the first line of this file, and ask for no passphrase: for tests.
        #[arg(long, value_name = "FILE")]
        passphrase_file: Option<PathBuf>,
    },
}

/// What can be done with the history.
#[derive(Debug, Subcommand)]
pub(crate) enum HistoryAction {
    /// Write the receipts to a file that anybody can check.
    ///
    /// Where the chain of receipts had to begin anew, each older one goes to FILE.1, FILE.2, and so on, the oldest first.
    #[command(after_help = "Example:\n  inro-wallet --home H history export evidence.json")]
    Export {
        /// The file; there must be none of this name.
        file: PathBuf,
        /// Ask nobody whether they are there: for tests.
        #[arg(long)]
        yes: bool,
    },
    /// Erase what entries say. That there was one, and when, remains, and the receipts can still be checked.
    #[command(
        after_help = "Example:\n  inro-wallet --home H history erase 12\n  inro-wallet --home H history erase --all"
    )]
    Erase(Erasure),
    /// Have another key sign the receipts from now on.
    #[command(after_help = "Example:\n  inro-wallet --home H history rotate-key")]
    RotateKey,
}

/// What is erased.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct Erasure {
    /// The id of one entry, as `history` shows it.
    pub(crate) id: Option<i64>,
    /// Every entry.
    #[arg(long)]
    pub(crate) all: bool,
    /// The verifiers' requests that were kept; the entries stay.
    #[arg(long)]
    pub(crate) requests: bool,
}

/// What `trust` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Trust {
    /// Add one trust anchor.
    #[command(after_help = "Example:\n  inro-wallet --home H trust add --issuer agency-ca.pem")]
    Add(Anchor),
}

/// A trust anchor and its use.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct Anchor {
    /// An authority for credential issuers, and registrar of verifiers.
    #[arg(long, value_name = "PEM")]
    pub(crate) issuer: Option<PathBuf>,
    /// An authority for verifiers.
    #[arg(long, value_name = "PEM")]
    pub(crate) verifier: Option<PathBuf>,
    /// An authority for HTTPS servers.
    #[arg(long, value_name = "PEM")]
    pub(crate) tls: Option<PathBuf>,
}

use inro_base::UnixTime;

use crate::path::{ClaimPath, PathElement};

/// A credential type: what its credentials hold, how long they live, what they are called.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CredentialType {
    pub(super) id: String,
    pub(super) vct: String,
    pub(super) doctype: String,
    pub(super) layout_version: u32,
    pub(super) name: Text,
    pub(super) description: Text,
    pub(super) colour: String,
    pub(super) text_colour: String,
    pub(super) validity_seconds: i64,
    pub(super) timestamp_grid_seconds: i64,
    pub(super) decoys_per_object: usize,
    pub(super) claims: Vec<Claim>,
}

/// One claim of a type. Objects, arrays and the elements of arrays are claims as well; each stands
/// after the claim that contains it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Claim {
    pub(super) steps: Vec<Step>,
    pub(super) kind: Kind,
    pub(super) disclosure: Disclosure,
    pub(super) mandatory: bool,
    pub(super) mdoc: Option<MdocName>,
    pub(super) name: Text,
    pub(super) description: Text,
}

/// One step on the way to a claim.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Step {
    /// A member of an object.
    Member(String),
    /// Each element of an array.
    Elements,
}

/// What a claim's value is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Kind {
    /// Text of at most `max_length` characters.
    String {
        /// In characters.
        max_length: usize,
        /// The only values there are; empty where any will do.
        allowed: Vec<String>,
    },
    /// A whole number.
    Integer {
        /// The smallest one.
        minimum: i64,
        /// The largest one.
        maximum: i64,
        /// The only values there are; empty where the range decides.
        allowed: Vec<i64>,
    },
    /// A day of the calendar, `YYYY-MM-DD`.
    Date,
    /// True or false.
    Boolean,
    /// At most `max_items` elements; the next claim says what they are.
    Array {
        /// How many there may be.
        max_items: usize,
    },
    /// Members, which the next claims define.
    Object,
}

/// Whether a holder can withhold a claim. Source: draft-ietf-oauth-sd-jwt-vc §5.6.4.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Disclosure {
    /// The holder discloses it or not.
    Always,
    /// The issuer may make it so; this issuer does.
    Allowed,
    /// Everybody who sees what contains it sees it.
    Never,
}

/// Where a claim stands in an ISO mdoc.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MdocName {
    /// The name space.
    pub namespace: String,
    /// The data element.
    pub element: MdocElement,
}

/// How a claim becomes a data element. A data element is disclosed whole or not at all.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum MdocElement {
    /// One data element with this identifier; of an array's elements, all in one.
    Named(String),
    /// Each value is a data element of its own, with the value as its identifier and `true` as its
    /// content: so each element of an array can be disclosed alone.
    ByValue,
}

/// A text in the languages of our users.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Text {
    /// English.
    pub en: String,
    /// Japanese.
    pub ja: String,
}

impl CredentialType {
    /// The id within this system, such as `employee-id`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The type identifier on the wire; it ends with the layout version.
    pub fn vct(&self) -> &str {
        &self.vct
    }

    /// The document type as an ISO mdoc.
    pub fn doctype(&self) -> &str {
        &self.doctype
    }

    /// The version of the layout of the claims.
    pub fn layout_version(&self) -> u32 {
        self.layout_version
    }

    /// What the type is called.
    pub fn name(&self) -> &Text {
        &self.name
    }

    /// What the type is for.
    pub fn description(&self) -> &Text {
        &self.description
    }

    /// The background colour of the card, `#rrggbb`.
    pub fn colour(&self) -> &str {
        &self.colour
    }

    /// The colour of text on the card, `#rrggbb`.
    pub fn text_colour(&self) -> &str {
        &self.text_colour
    }

    /// How long a credential lives, in seconds.
    pub fn validity_seconds(&self) -> i64 {
        self.validity_seconds
    }

    /// The grid on which timestamps lie, in seconds.
    pub fn timestamp_grid_seconds(&self) -> i64 {
        self.timestamp_grid_seconds
    }

    /// When a credential that is issued at `now` begins and ends. Both lie on the grid, so that all
    /// that are issued in one step of it show the same times. The end is never later than
    /// `not_after`, where there is one.
    pub fn lifetime(&self, now: UnixTime, not_after: Option<UnixTime>) -> (UnixTime, UnixTime) {
        let begin = now.rounded_down_to(self.timestamp_grid_seconds);
        let end = begin.plus(self.validity_seconds);
        (begin, not_after.map_or(end, |limit| end.min(limit)))
    }

    /// The claims, each after the one that contains it.
    pub fn claims(&self) -> &[Claim] {
        &self.claims
    }

    /// The paths that the issuer makes selectively disclosable. An array's elements stand as
    /// `null`: each is disclosable on its own.
    pub fn disclosable_paths(&self) -> Vec<ClaimPath> {
        self.claims.iter().filter(|claim| claim.is_disclosable()).map(Claim::path).collect()
    }

    /// How many decoy digests stand in each object that has disclosable members.
    pub fn decoys(&self) -> usize {
        self.decoys_per_object
    }

    /// The claims that the one at `parent` contains, one level down, and the step to each.
    pub(super) fn children<'a>(&'a self, parent: &'a [Step]) -> impl Iterator<Item = (&'a Step, &'a Claim)> {
        self.claims.iter().filter_map(move |claim| match claim.steps.split_last() {
            Some((last, before)) if before == parent => Some((last, claim)),
            _ => None,
        })
    }
}

impl Claim {
    /// Where the claim stands in an SD-JWT VC.
    pub fn path(&self) -> ClaimPath {
        path_of(&self.steps)
    }

    /// What its value is.
    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    /// Whether a holder can withhold it.
    pub fn disclosure(&self) -> Disclosure {
        self.disclosure
    }

    /// Whether the issuer makes it selectively disclosable.
    pub fn is_disclosable(&self) -> bool {
        match self.disclosure {
            Disclosure::Always | Disclosure::Allowed => true,
            Disclosure::Never => false,
        }
    }

    /// Whether what contains it must hold it.
    pub fn mandatory(&self) -> bool {
        self.mandatory
    }

    /// Where it stands in an mdoc; `None` where it has no place of its own.
    pub fn mdoc(&self) -> Option<&MdocName> {
        self.mdoc.as_ref()
    }

    /// What it is called.
    pub fn name(&self) -> &Text {
        &self.name
    }

    /// What it means.
    pub fn description(&self) -> &Text {
        &self.description
    }
}

impl Disclosure {
    /// As type metadata writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Allowed => "allowed",
            Self::Never => "never",
        }
    }
}

impl Step {
    pub(super) fn element(&self) -> PathElement {
        match self {
            Self::Member(name) => PathElement::Key(name.clone()),
            Self::Elements => PathElement::All,
        }
    }
}

pub(super) fn path_of(steps: &[Step]) -> ClaimPath {
    ClaimPath::new(steps.iter().map(Step::element).collect()).expect("the loader refuses an empty path")
}

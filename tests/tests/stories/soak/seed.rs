//! What a seed stands for: who is killed, in the midst of what, and when.

/// The two formats, alone and together.
const FORMATS: [&[&str]; 3] = [&["dc+sd-jwt"], &["mso_mdoc"], &["dc+sd-jwt", "mso_mdoc"]];

/// Numbers that follow from a seed. Source: SplitMix64, Steele, Lea and Flood 2014.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// One of `choices`.
    pub(super) fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        let bound = u64::try_from(choices.len()).unwrap();
        choices[usize::try_from(self.below(bound)).unwrap()]
    }

    /// At least 0 and below `bound`, in steps of a thousandth.
    pub(super) fn share(&mut self, bound: f64) -> f64 {
        f64::from(u32::try_from(self.below(1000)).unwrap()) / 1000.0 * bound
    }
}

/// What goes on when somebody is killed.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Phase {
    /// An administrator makes an offer.
    Offer,
    /// A wallet receives what was offered.
    Receive,
    /// A wallet collects what waited for an approval.
    Collect,
    /// A wallet presents.
    Present,
    Revoke,
    Suspend,
    Resume,
}

/// Who is killed. The caller is the process that the phase runs: a wallet, or a command of the issuer.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Victims {
    pub(super) caller: bool,
    pub(super) issuer: bool,
    pub(super) verifier: bool,
}

impl Victims {
    const CALLER: Self = Self { caller: true, issuer: false, verifier: false };
    const ISSUER: Self = Self { caller: false, issuer: true, verifier: false };
    const VERIFIER: Self = Self { caller: false, issuer: false, verifier: true };
    const CALLER_AND_ISSUER: Self = Self { caller: true, issuer: true, verifier: false };
    const CALLER_AND_VERIFIER: Self = Self { caller: true, issuer: false, verifier: true };
}

/// When it is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Moment {
    /// At a share of how long the phase takes undisturbed; some strike when it is over.
    Share(f64),
    /// When the service's database log was seen to change for this many times: in the midst of a commit, or when
    /// a service has committed and its caller knows nothing of it.
    Written(u64),
}

/// One kill.
#[derive(Clone, Copy, Debug)]
pub(super) struct Case {
    pub(super) seed: u64,
    pub(super) phase: Phase,
    pub(super) formats: &'static [&'static str],
    pub(super) victims: Victims,
    pub(super) moment: Moment,
    /// Whether a killed service is started again at once, or when the caller has ended.
    pub(super) starts_at_once: bool,
}

/// What the length of a phase goes by: the phase, and the formats where it is about several.
pub(super) type Length = (Phase, usize);

impl Case {
    pub(super) const fn length(&self) -> Length {
        match self.phase {
            Phase::Offer | Phase::Receive | Phase::Collect => (self.phase, self.formats.len()),
            Phase::Present | Phase::Revoke | Phase::Suspend | Phase::Resume => (self.phase, 1),
        }
    }

    pub(super) fn of(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let phase = match dice.below(100) {
            0..5 => Phase::Offer,
            5..35 => Phase::Receive,
            35..47 => Phase::Collect,
            47..77 => Phase::Present,
            77..87 => Phase::Revoke,
            87..94 => Phase::Suspend,
            _ => Phase::Resume,
        };
        let victims: &[Victims] = match phase {
            Phase::Offer => &[Victims::CALLER],
            Phase::Present => &[
                Victims::CALLER,
                Victims::CALLER,
                Victims::VERIFIER,
                Victims::VERIFIER,
                Victims::ISSUER,
                Victims::CALLER_AND_VERIFIER,
            ],
            _ => &[Victims::CALLER, Victims::ISSUER, Victims::CALLER_AND_ISSUER],
        };
        Self {
            seed,
            phase,
            formats: dice.of(&FORMATS),
            victims: dice.of(victims),
            moment: match dice.below(4) {
                0 => Moment::Share(dice.share(1.1)),
                // Most is done in the second half.
                1 => Moment::Share(0.5 + dice.share(0.5)),
                _ => Moment::Written(match phase {
                    // A token, the copies, a notification.
                    Phase::Receive | Phase::Collect => 1 + dice.below(3),
                    _ => 1,
                }),
            },
            starts_at_once: dice.below(2) == 0,
        }
    }
}

//! Stand-ins that answer at once and write down what they were asked.

use std::collections::VecDeque;
use std::future::ready;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use inro_base::http::{HttpRequest, HttpResponse};
use inro_base::{Clock, Rng, UnixTime};
use inro_crypto::{Provider as _, RustCrypto};

use crate::boxed::Boxed;
use crate::ports::{Http, HttpError};
use crate::prompts::{PromptError, Prompts, Reason};

/// What the ports were asked, in order; shared between several stand-ins.
#[derive(Clone, Debug, Default)]
pub struct Journal(Arc<Mutex<Vec<String>>>);

impl Journal {
    /// All lines so far.
    pub fn lines(&self) -> Vec<String> {
        lock(&self.0).clone()
    }

    /// Adds a line.
    pub fn note(&self, line: impl Into<String>) {
        lock(&self.0).push(line.into());
    }
}

/// A prompt at which a test decides what the holder does; without a word they confirm.
#[derive(Default)]
pub struct ScriptedPrompts {
    answers: Mutex<VecDeque<Result<(), PromptError>>>,
    asked: Mutex<Vec<Reason>>,
    journal: Journal,
}

impl ScriptedPrompts {
    /// A prompt that writes `presence` into `journal`.
    pub fn new(journal: Journal) -> Self {
        Self { journal, ..Self::default() }
    }

    /// What the next prompts come to, each once.
    pub fn then(&self, answers: impl IntoIterator<Item = Result<(), PromptError>>) {
        lock(&self.answers).extend(answers);
    }

    /// Every reason so far.
    pub fn reasons(&self) -> Vec<Reason> {
        lock(&self.asked).clone()
    }
}

impl Prompts for ScriptedPrompts {
    fn presence<'a>(&'a self, reason: &'a Reason) -> Boxed<'a, Result<(), PromptError>> {
        self.journal.note("presence");
        lock(&self.asked).push(reason.clone());
        Box::pin(ready(lock(&self.answers).pop_front().unwrap_or(Ok(()))))
    }
}

type Answer = dyn FnMut(&HttpRequest) -> Result<HttpResponse, HttpError> + Send;

/// A network whose answers a closure gives.
pub struct ScriptedHttp {
    answer: Mutex<Box<Answer>>,
    journal: Journal,
}

impl ScriptedHttp {
    /// A network that writes `<METHOD> <URL>` into `journal` and answers by `answer`.
    pub fn new(
        journal: Journal,
        answer: impl FnMut(&HttpRequest) -> Result<HttpResponse, HttpError> + Send + 'static,
    ) -> Self {
        Self { answer: Mutex::new(Box::new(answer)), journal }
    }
}

impl Http for ScriptedHttp {
    fn send(&self, request: HttpRequest) -> Boxed<'_, Result<HttpResponse, HttpError>> {
        self.journal.note(format!("{} {}", request.method.as_str(), request.url));
        let answer = match request.url.starts_with("https://") {
            true => lock(&self.answer)(&request),
            false => Err(HttpError::NotHttps),
        };
        let limit = request.max_response_bytes;
        let bounded = answer.and_then(|answer| match answer.body.len() > limit {
            true => Err(HttpError::TooLong { limit }),
            false => Ok(answer),
        });
        Box::pin(ready(bounded))
    }
}

/// A clock that a test sets.
#[derive(Clone, Debug)]
pub struct StillClock(Arc<AtomicI64>);

impl StillClock {
    /// A clock that stands at `now`.
    pub fn at(now: UnixTime) -> Self {
        Self(Arc::new(AtomicI64::new(now.as_secs())))
    }

    /// Moves the clock by `seconds`.
    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for StillClock {
    fn now(&self) -> UnixTime {
        UnixTime::from_secs(self.0.load(Ordering::Relaxed))
    }
}

/// Randomness that a test can replay: SHA-256 over a seed and a counter.
#[derive(Clone, Debug)]
pub struct SeededRng {
    seed: u64,
    counter: u64,
}

impl SeededRng {
    /// The sequence of `seed`.
    pub const fn new(seed: u64) -> Self {
        Self { seed, counter: 0 }
    }
}

impl Rng for SeededRng {
    fn fill(&mut self, destination: &mut [u8]) {
        for chunk in destination.chunks_mut(32) {
            self.counter = self.counter.wrapping_add(1);
            let block = RustCrypto.sha256(&[self.seed.to_be_bytes(), self.counter.to_be_bytes()].concat());
            chunk.iter_mut().zip(block).for_each(|(to, from)| *to = from);
        }
    }
}

pub(super) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{contract, run};

    #[test]
    fn keeps_the_contracts_of_the_other_ports() {
        let http = ScriptedHttp::new(Journal::default(), |_| {
            Ok(HttpResponse { status: 200, headers: Vec::new(), body: b"hello".to_vec() })
        });
        contract::http(&|request| run(http.send(request)), "https://server.example/");
        contract::prompts(&|answer| {
            let prompts = ScriptedPrompts::default();
            prompts.then([answer]);
            Box::new(prompts)
        });
        contract::rng(&mut SeededRng::new(1));
        contract::clock(&StillClock::at(UnixTime::from_secs(1_800_000_000)));
    }
}

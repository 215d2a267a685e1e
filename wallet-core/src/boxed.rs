use std::future::Future;
use std::pin::Pin;

/// The answer of a port that may have to wait.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

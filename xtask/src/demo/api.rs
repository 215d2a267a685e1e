//! The verifier's API as a business system would call it, through curl.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// A business system that knows the verifier's address, TLS authority and API token.
pub(crate) struct Api {
    url: String,
    authority: PathBuf,
    headers: PathBuf,
}

impl Api {
    /// Reads the token of the verifier in `verifier`. It goes to curl in a file: a command line can
    /// be read by every user of the machine.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub(crate) fn new(url: &str, verifier: &Path, headers: PathBuf) -> Result<Self, String> {
        let token =
            fs::read_to_string(verifier.join("api-token")).map_err(|error| format!("api-token: {error}"))?;
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&headers)
            .map_err(|error| format!("headers: {error}"))?;
        writeln!(file, "authorization: Bearer {}\ncontent-type: application/json", token.trim())
            .map_err(|error| format!("headers: {error}"))?;
        Ok(Self { url: url.to_owned(), authority: verifier.join("tls/ca.pem"), headers })
    }

    /// Asks for a presentation. Gives its id and the link for the wallet.
    ///
    /// # Errors
    /// When the verifier does not answer 201.
    pub(crate) fn ask(&self, body: &Value) -> Result<(String, String), String> {
        let (status, answer) = self.call("/v1/presentations", Some(body))?;
        let text = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
        match (status.as_str(), text("id"), text("authorization_request")) {
            ("201", Some(id), Some(link)) => Ok((id, link)),
            _ => Err(format!("the verifier answered {status}: {answer}")),
        }
    }

    /// What became of a presentation.
    ///
    /// # Errors
    /// When the verifier does not answer 200.
    pub(crate) fn result(&self, id: &str) -> Result<Value, String> {
        let (status, answer) = self.call(&format!("/v1/presentations/{id}"), None)?;
        if status == "200" { Ok(answer) } else { Err(format!("the verifier answered {status}: {answer}")) }
    }

    fn call(&self, path: &str, body: Option<&Value>) -> Result<(String, Value), String> {
        let mut curl = Command::new("curl");
        curl.args([
            "--silent",
            "--show-error",
            "--max-time",
            "20",
            "--noproxy",
            "*",
            "--write-out",
            "\n%{http_code}",
        ]);
        curl.arg("--cacert").arg(&self.authority).arg("--header").arg(format!("@{}", self.headers.display()));
        if let Some(body) = body {
            curl.args(["--data-binary", &body.to_string()]);
        }
        curl.arg(format!("{}{path}", self.url)).stdin(Stdio::null()).stderr(Stdio::inherit());
        let output = curl.output().map_err(|error| format!("curl: {error}"))?;
        if !output.status.success() {
            return Err(format!("curl: {}", output.status));
        }
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let (answer, status) = text.rsplit_once('\n').ok_or("curl told no status")?;
        let answer =
            serde_json::from_str(answer).map_err(|error| format!("{status}, and no JSON: {error}"))?;
        Ok((status.to_owned(), answer))
    }
}

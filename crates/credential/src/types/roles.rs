use std::collections::HashMap;

use super::error::{CredentialError, Rule, TypeError};
use super::file::{self, RoleEntry, RoleFile};
use super::model::Text;
use toml::Spanned;

const MAX_ENTRIES: usize = 512;
const MAX_POWERS_OF_A_ROLE: usize = 64;
const MAX_CLEARANCE: u8 = 5;

const BUILT_IN: &str = include_str!("../../types/roles.toml");

/// Which powers and which clearance a role brings.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RoleTable {
    powers: Vec<Power>,
    roles: HashMap<String, Role>,
}

/// One thing that someone may do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Power {
    /// As it stands in credentials and policies, such as `welfare.approve`.
    pub code: String,
    /// What it is called.
    pub name: Text,
}

/// One role.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Role {
    /// As it stands in the HR file, such as `welfare-approver`.
    pub code: String,
    /// What it is called.
    pub name: Text,
    /// Codes of powers.
    pub powers: Vec<String>,
    /// 0 to 5.
    pub clearance: u8,
}

impl RoleTable {
    /// Reads a role table.
    ///
    /// # Errors
    /// [`CredentialError::Type`] with the line, where the file is too long, malformed, defines something twice,
    /// or refers to a power that it does not define.
    pub fn parse(text: &str) -> Result<Self, CredentialError> {
        let file: RoleFile = file::read(text)?;
        if file.powers.len() > MAX_ENTRIES || file.roles.len() > MAX_ENTRIES {
            return Err(TypeError::RoleTable { line: 1, rule: Rule::Count }.into());
        }
        let mut powers: Vec<Power> = Vec::with_capacity(file.powers.len());
        for entry in &file.powers {
            let broken = |rule| broken(text, &entry.get_ref().code, rule);
            let code = entry.get_ref().code.get_ref().clone();
            if !file::is_id(&code) {
                return Err(broken(Rule::Id).into());
            }
            if powers.iter().any(|known| known.code == code) {
                return Err(broken(Rule::Repeated).into());
            }
            let name = file::text(entry.get_ref().name.get_ref()).ok_or_else(|| broken(Rule::Text))?;
            powers.push(Power { code, name });
        }
        let mut roles = HashMap::with_capacity(file.roles.len());
        for entry in &file.roles {
            let role = role(text, entry.get_ref(), &powers)?;
            if roles.insert(role.code.clone(), role).is_some() {
                return Err(broken(text, &entry.get_ref().code, Rule::Repeated).into());
            }
        }
        Ok(Self { powers, roles })
    }

    /// The table that an issuer starts with.
    pub fn built_in() -> Self {
        Self::parse(BUILT_IN).expect("a test loads the built-in role table")
    }

    /// The built-in table as `(file name, text)`, for a folder that an operator may edit.
    pub fn built_in_file() -> (&'static str, &'static str) {
        ("roles.toml", BUILT_IN)
    }

    /// The role with this code.
    pub fn role(&self, code: &str) -> Option<&Role> {
        self.roles.get(code)
    }

    /// All powers, in the order of the file.
    pub fn powers(&self) -> &[Power] {
        &self.powers
    }
}

fn role(text: &str, entry: &RoleEntry, powers: &[Power]) -> Result<Role, TypeError> {
    let code = entry.code.get_ref();
    if !file::is_id(code) {
        return Err(broken(text, &entry.code, Rule::Id));
    }
    let listed = entry.powers.get_ref();
    if listed.len() > MAX_POWERS_OF_A_ROLE {
        return Err(broken(text, &entry.powers, Rule::Count));
    }
    if !listed.iter().all(|code| powers.iter().any(|power| power.code == *code)) {
        return Err(broken(text, &entry.powers, Rule::UnknownPower));
    }
    let clearance = *entry.clearance.get_ref();
    if clearance > MAX_CLEARANCE {
        return Err(broken(text, &entry.clearance, Rule::Clearance));
    }
    let name = file::text(entry.name.get_ref()).ok_or_else(|| broken(text, &entry.name, Rule::Text))?;
    Ok(Role { code: code.clone(), name, powers: listed.clone(), clearance })
}

fn broken<T>(text: &str, at: &Spanned<T>, rule: Rule) -> TypeError {
    TypeError::RoleTable { line: file::line_of(text, at), rule }
}

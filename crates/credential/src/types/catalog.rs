use super::error::{CredentialError, TypeError};
use super::model::CredentialType;

/// The credential types that a program knows.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TypeCatalog(Vec<CredentialType>);

/// The files of the built-in types, as `(file name, text)`; an issuer starts with copies of them.
const BUILT_IN: &[(&str, &str)] = &[
    ("employee-id.toml", include_str!("../../types/employee-id.toml")),
    ("role-authority.toml", include_str!("../../types/role-authority.toml")),
];

impl TypeCatalog {
    /// A catalog without types.
    pub fn new() -> Self {
        Self::default()
    }

    /// `employee-id` and `role-authority`.
    pub fn built_in() -> Self {
        let mut catalog = Self::new();
        for (_, text) in BUILT_IN {
            let parsed = CredentialType::parse(text).expect("a test loads each built-in type");
            catalog.add(parsed).expect("a test loads all built-in types together");
        }
        catalog
    }

    /// The built-in type files, as `(file name, text)`, for a folder that an operator may edit.
    pub fn built_in_files() -> &'static [(&'static str, &'static str)] {
        BUILT_IN
    }

    /// Adds a type.
    ///
    /// # Errors
    /// [`TypeError::Repeated`] where a type has the same id or the same `vct`.
    pub fn add(&mut self, added: CredentialType) -> Result<(), CredentialError> {
        if self.0.iter().any(|known| known.id() == added.id() || known.vct() == added.vct()) {
            return Err(TypeError::Repeated.into());
        }
        self.0.push(added);
        Ok(())
    }

    /// The type with this id, such as `employee-id`.
    pub fn by_id(&self, id: &str) -> Option<&CredentialType> {
        self.0.iter().find(|known| known.id() == id)
    }

    /// The type with this identifier on the wire.
    pub fn by_vct(&self, vct: &str) -> Option<&CredentialType> {
        self.0.iter().find(|known| known.vct() == vct)
    }

    /// All types, in the order added.
    pub fn iter(&self) -> impl Iterator<Item = &CredentialType> {
        self.0.iter()
    }
}

//! Names and rows of columns that are shared, not copied: a query over every table of a workspace has tens of thousands of
//! columns, and each of its operators has them anew. Deliberately absent: lookup by name (whoever looks up many builds a map).

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use crate::plan::Field;

/// A column's name. A clone is the same text, counted once more.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Arc<str>);

impl Name {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Name {
    fn default() -> Self {
        Self::from("")
    }
}

impl Deref for Name {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&*self.0, f)
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for Name {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<&String> for Name {
    fn from(text: &String) -> Self {
        Self(text.as_str().into())
    }
}

impl From<&Self> for Name {
    fn from(name: &Self) -> Self {
        name.clone()
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        Self::from(&*name.0)
    }
}

impl From<&Name> for String {
    fn from(name: &Name) -> Self {
        Self::from(&*name.0)
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        *self.0 == *other
    }
}

impl PartialEq<&str> for Name {
    fn eq(&self, other: &&str) -> bool {
        *self.0 == **other
    }
}

impl PartialEq<String> for Name {
    fn eq(&self, other: &String) -> bool {
        *self.0 == **other
    }
}

impl PartialEq<Name> for str {
    fn eq(&self, other: &Name) -> bool {
        *self == *other.0
    }
}

impl PartialEq<Name> for String {
    fn eq(&self, other: &Name) -> bool {
        **self == *other.0
    }
}

/// The columns of a table or plan, in order. A clone is the same list: operators that leave the columns as they are share
/// it with their input, and plans share it with the catalog.
#[derive(Clone, PartialEq, Default)]
pub struct Fields(Arc<Vec<Field>>);

impl Fields {
    /// Whether it is the very same list, which is told without a look into it.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// A list of one's own, to be changed.
    #[must_use]
    pub fn into_vec(self) -> Vec<Field> {
        Arc::unwrap_or_clone(self.0)
    }
}

impl Deref for Fields {
    type Target = [Field];
    fn deref(&self) -> &[Field] {
        &self.0
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl From<Vec<Field>> for Fields {
    fn from(fields: Vec<Field>) -> Self {
        Self(Arc::new(fields))
    }
}

impl FromIterator<Field> for Fields {
    fn from_iter<I: IntoIterator<Item = Field>>(fields: I) -> Self {
        Self(Arc::new(fields.into_iter().collect()))
    }
}

impl<'f> IntoIterator for &'f Fields {
    type Item = &'f Field;
    type IntoIter = std::slice::Iter<'f, Field>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::{Fields, Name};
    use crate::plan::Field;
    use crate::types::Type;

    #[test]
    fn a_copy_is_the_same_list_until_it_is_changed() {
        let fields: Fields = [Field { name: "a".into(), ty: Type::Long }].into_iter().collect();
        let copy = fields.clone();
        assert!(fields.is(&copy));
        let mut own = copy.into_vec();
        own[0].name = Name::from("b");
        assert_eq!(fields[0].name, "a");
        assert_ne!(Fields::from(own), fields);
        assert!(!fields.is(&fields.iter().cloned().collect()));
    }
}

//! Records with a delimiter between their values, as in CSV: values may stand in double quotes, in which delimiters and line
//! ends mean nothing and a quote is written twice. Deliberately absent: types.

/// Reads the records of a text one by one; a record is the list of its values. Empty lines are no records.
pub(crate) struct Records<'t> {
    rest: &'t str,
    delimiter: char,
}

impl<'t> Records<'t> {
    pub(crate) fn new(text: &'t str, delimiter: char) -> Self {
        Self { rest: text.strip_prefix('\u{feff}').unwrap_or(text), delimiter }
    }

    /// The next value, and whether it was the last of its record.
    fn value(&mut self) -> (String, bool) {
        let mut value = String::new();
        if let Some(quoted) = self.rest.strip_prefix('"') {
            let mut chars = quoted.char_indices().peekable();
            let mut end = quoted.len();
            while let Some((at, c)) = chars.next() {
                if c != '"' {
                    value.push(c);
                } else if chars.next_if(|(_, next)| *next == '"').is_some() {
                    value.push('"');
                } else {
                    end = at + 1;
                    break;
                }
            }
            self.rest = quoted.get(end..).unwrap_or_default();
        }
        let end = self.rest.find([self.delimiter, '\n', '\r']).unwrap_or(self.rest.len());
        let (plain, after) = self.rest.split_at(end);
        value.push_str(plain);
        let mut chars = after.chars();
        match chars.next() {
            Some(c) if c == self.delimiter => {
                self.rest = chars.as_str();
                (value, false)
            }
            Some('\r') => {
                self.rest = after.strip_prefix("\r\n").unwrap_or(chars.as_str());
                (value, true)
            }
            _ => {
                self.rest = chars.as_str();
                (value, true)
            }
        }
    }
}

impl Iterator for Records<'_> {
    type Item = Vec<String>;

    fn next(&mut self) -> Option<Vec<String>> {
        self.rest = self.rest.trim_start_matches(['\n', '\r']);
        if self.rest.is_empty() {
            return None;
        }
        let mut record = Vec::new();
        loop {
            let (value, last) = self.value();
            record.push(value);
            if last {
                return Some(record);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Records;

    #[test]
    fn values_stand_between_delimiters() {
        for (text, delimiter, expected) in [
            ("a,b\nc,d\n", ',', vec![vec!["a", "b"], vec!["c", "d"]]),
            ("\u{feff}a;b\r\n\r\n;", ';', vec![vec!["a", "b"], vec!["", ""]]),
            ("\"a,\n\"\"b\"\"\",c", ',', vec![vec!["a,\n\"b\"", "c"]]),
            ("\"open", ',', vec![vec!["open"]]),
            ("\"a\"b,c", ',', vec![vec!["ab", "c"]]),
            ("ä\tö", '\t', vec![vec!["ä", "ö"]]),
            ("", ',', vec![]),
        ] {
            let records: Vec<Vec<String>> = Records::new(text, delimiter).collect();
            assert_eq!(records, expected, "{text:?}");
        }
    }
}

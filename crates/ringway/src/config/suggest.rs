//! Guesses what was meant by a name that does not exist.

/// `; did you mean X?` for the nearest of `known`, or nothing if none is near.
pub(super) fn did_you_mean<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    // Comparing takes the product of both lengths, and no known name is near to a long text.
    if found.chars().count() > 64 {
        return String::new();
    }
    let lower = found.to_lowercase();
    known
        .into_iter()
        .map(|name| (name.to_lowercase(), name))
        .map(|(known, name)| {
            (strsim::jaro_winkler(&lower, &known), strsim::osa_distance(&lower, &known), name)
        })
        // The first finds long names by their beginning, the second letters that changed places in short ones.
        .filter(|(likeness, distance, _)| *likeness > 0.8 || *distance <= lower.chars().count() / 3)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map_or_else(String::new, |(_, _, name)| format!("; did you mean {name}?"))
}

/// `a, b or c`.
pub(super) fn either(names: &[&str]) -> String {
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_near_name_is_guessed() {
        let known = ["namespaces", "name", "kubeconfig"];
        assert_eq!(did_you_mean("namespace", known), "; did you mean namespaces?");
        assert_eq!(did_you_mean("kubeConfig", known), "; did you mean kubeconfig?");
        assert_eq!(did_you_mean("wbe", ["web"]), "; did you mean web?");
        assert_eq!(did_you_mean("colour", known), "");
        assert_eq!(did_you_mean(&"n".repeat(100_000), known), "");
    }

    #[test]
    fn choices_read_as_a_sentence() {
        assert_eq!(either(&["a"]), "a");
        assert_eq!(either(&["a", "b", "c"]), "a, b or c");
    }
}

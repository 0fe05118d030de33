//! Reads what the image of a commit is called, and checks that the service may use such an image.

use super::{
    document::shorten,
    reader::{Map, Value},
    suggest::did_you_mean,
};
use release::{decide::rules::ImageTemplate, service::ServiceImage};

/// What a template may have in it.
const PLACEHOLDERS: [&str; 3] = ["{branch}", "{sha}", "{sha7}"];

/// A commit to try a template with.
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// Reads the template of `image`, which is `None` if the service has no such image. `sample`: a branch to try it with.
pub(super) fn read(
    value: &Value<'_>,
    image: Option<&ServiceImage>,
    sample: Option<&str>,
) -> Option<ImageTemplate> {
    let map = value.map()?;
    let text = |map: &Map<'_>, name| map.required(name).and_then(|value| value.parsed(placeholders));
    let (repository, tag) = (text(&map, "repository"), text(&map, "tag"));
    let template = ImageTemplate { repository: repository?, tag: tag? };
    if !["{sha}", "{sha7}"].iter().any(|commit| template.tag.contains(commit)) {
        map.optional("tag")?.error(format!(
            "found {:?}; it must contain {{sha}} or {{sha7}}, or every commit would have the same image",
            shorten(&template.tag)
        ));
        return None;
    }
    if let (Some(image), Some(branch)) = (image, sample) {
        try_out(&map, &template, image, branch);
    }
    Some(template)
}

fn placeholders(text: &str) -> Result<String, String> {
    let rest = PLACEHOLDERS.iter().fold(text.to_owned(), |text, placeholder| text.replace(placeholder, ""));
    let Some(start) = rest.find(['{', '}']) else { return Ok(text.to_owned()) };
    let wrong = rest[start..].find('}').map_or("", |end| &rest[start..=start + end]);
    let guess = did_you_mean(wrong, PLACEHOLDERS);
    Err(format!("found {:?}; the only placeholders are {}{guess}", shorten(text), PLACEHOLDERS.join(", ")))
}

/// A template that makes no image, or one that the service refuses, would be found only when somebody sets a label.
fn try_out(map: &Map<'_>, template: &ImageTemplate, image: &ServiceImage, branch: &str) {
    let rendered = match template.render(branch, COMMIT) {
        Ok(rendered) => rendered,
        Err(message) => {
            map.value().error(format!("with the branch {branch} and the commit {COMMIT}, {message}"));
            return;
        }
    };
    // That there are none was said already.
    if image.repositories.is_empty()
        || image.repositories.iter().any(|pattern| pattern.matches(rendered.repository()))
    {
        return;
    }
    let Some(repository) = map.optional("repository") else { return };
    let allowed: Vec<&str> = image.repositories.iter().map(|pattern| pattern.0.as_str()).collect();
    repository.error(format!(
        "with the branch {branch} this is {}, but the image {} may only come from {}; correct this, or its repositories",
        rendered.repository(),
        image.name,
        allowed.join(", ")
    ));
}

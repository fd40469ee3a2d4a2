//! The few macros of man(7) that the pages use.

/// A page that grows from top to bottom.
pub struct Page(String);

impl Page {
    /// Begins a page with its name, section and one line of description.
    pub fn new(name: &str, section: u8, description: &str) -> Self {
        let version = env!("CARGO_PKG_VERSION");
        let mut page =
            Self(format!(".TH {} {section} \"\" \"evenkeel {version}\" \"evenkeel\"\n", name.to_uppercase()));
        page.section("NAME").text(&format!("{name} - {description}"));
        page
    }

    /// A section.
    pub fn section(&mut self, title: &str) -> &mut Self {
        self.macro_line(".SH", title)
    }

    /// A paragraph.
    pub fn paragraph(&mut self, text: &str) -> &mut Self {
        self.0.push_str(".PP\n");
        self.text(text)
    }

    /// A bold term and what is to be said of it.
    pub fn item(&mut self, term: &str, text: &str) -> &mut Self {
        self.0.push_str(".TP\n");
        self.macro_line(".B", term).text(text)
    }

    /// Lines as they are.
    pub fn sample(&mut self, text: &str) -> &mut Self {
        self.0.push_str(".PP\n.nf\n.RS 4\n");
        self.text(text);
        self.0.push_str(".RE\n.fi\n");
        self
    }

    /// The page as text.
    pub fn finish(&mut self) -> String {
        std::mem::take(&mut self.0)
    }

    fn macro_line(&mut self, name: &str, argument: &str) -> &mut Self {
        let argument = escape(argument).replace('"', "\\(dq");
        self.0.push_str(&format!("{name} \"{argument}\"\n"));
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        for line in text.lines() {
            // A dot or quote at the start of a line would be taken for a macro.
            let guard = if line.starts_with(['.', '\'']) { "\\&" } else { "" };
            self.0.push_str(&format!("{guard}{}\n", escape(line)));
        }
        self
    }
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-")
}

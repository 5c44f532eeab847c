//! What `ls` is asked for.

/// What `ls` is asked for.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(super) struct Plan<'a> {
    pub(super) hidden: Hidden,
    pub(super) layout: Layout,
    pub(super) order: Order,
    pub(super) reverse: bool,
    pub(super) recursive: bool,
    /// A directory is listed itself, not its entries.
    pub(super) as_entry: bool,
    /// Links are followed wherever they are met.
    pub(super) follow: bool,
    pub(super) directories_first: bool,
    pub(super) human: bool,
    pub(super) numeric: bool,
    pub(super) no_owner: bool,
    pub(super) no_group: bool,
    pub(super) inode: bool,
    pub(super) blocks: bool,
    pub(super) mark: Mark,
    pub(super) quoting: Quoting,
    pub(super) time: TimeStyle,
    pub(super) operands: Vec<&'a str>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Hidden {
    #[default]
    Skip,
    Almost,
    All,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Layout {
    #[default]
    Single,
    Long,
    Columns,
    Rows,
    Commas,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Order {
    #[default]
    Name,
    Time,
    Size,
    Extension,
    Version,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mark {
    #[default]
    None,
    Directories,
    Kinds,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Quoting {
    #[default]
    Plain,
    Double,
    Escaped,
    Question,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum TimeStyle {
    #[default]
    Locale,
    LongIso,
    Full,
}

impl<'a> Plan<'a> {
    pub(super) fn parse(args: &'a [String]) -> Result<Self, String> {
        let mut plan = Self::default();
        let mut options = true;
        for arg in args {
            match arg.as_str() {
                "--" if options => options = false,
                long if options && long.starts_with("--") => plan.long_option(long)?,
                short if options && short.len() > 1 && short.starts_with('-') => {
                    for letter in short[1..].chars() {
                        plan.option(letter)?;
                    }
                }
                operand => plan.operands.push(operand),
            }
        }
        if plan.operands.is_empty() {
            plan.operands.push(".");
        }
        Ok(plan)
    }

    fn option(&mut self, letter: char) -> Result<(), String> {
        match letter {
            'a' => self.hidden = Hidden::All,
            'A' => self.hidden = Hidden::Almost,
            'l' => self.layout = Layout::Long,
            '1' if self.layout != Layout::Long => self.layout = Layout::Single,
            '1' | 'k' | 'N' => {}
            'C' => self.layout = Layout::Columns,
            'x' => self.layout = Layout::Rows,
            'm' => self.layout = Layout::Commas,
            'd' => self.as_entry = true,
            'R' => self.recursive = true,
            'L' => self.follow = true,
            'h' => self.human = true,
            't' => self.order = Order::Time,
            'S' => self.order = Order::Size,
            'X' => self.order = Order::Extension,
            'v' => self.order = Order::Version,
            'r' => self.reverse = true,
            'n' => {
                self.layout = Layout::Long;
                self.numeric = true;
            }
            'g' => {
                self.layout = Layout::Long;
                self.no_owner = true;
            }
            'o' => {
                self.layout = Layout::Long;
                self.no_group = true;
            }
            'G' => self.no_group = true,
            'i' => self.inode = true,
            's' => self.blocks = true,
            'F' => self.mark = Mark::Kinds,
            'p' => self.mark = Mark::Directories,
            'Q' => self.quoting = Quoting::Double,
            'b' => self.quoting = Quoting::Escaped,
            'q' => self.quoting = Quoting::Question,
            other => return Err(format!("unsupported option -- '{other}'")),
        }
        Ok(())
    }

    fn long_option(&mut self, option: &str) -> Result<(), String> {
        let letter = match option {
            "--all" => 'a',
            "--almost-all" => 'A',
            "--directory" => 'd',
            "--recursive" => 'R',
            "--dereference" => 'L',
            "--human-readable" => 'h',
            "--reverse" => 'r',
            "--numeric-uid-gid" => 'n',
            "--no-group" => 'G',
            "--inode" => 'i',
            "--size" => 's',
            "--classify" => 'F',
            "--quote-name" => 'Q',
            "--escape" => 'b',
            "--sort=time" => 't',
            "--sort=size" => 'S',
            "--sort=extension" => 'X',
            "--sort=version" => 'v',
            "--format=long" | "--format=verbose" => 'l',
            "--format=single-column" => '1',
            "--group-directories-first" => {
                self.directories_first = true;
                return Ok(());
            }
            "--full-time" => {
                self.layout = Layout::Long;
                self.time = TimeStyle::Full;
                return Ok(());
            }
            "--time-style=full-iso" => {
                self.time = TimeStyle::Full;
                return Ok(());
            }
            "--time-style=long-iso" => {
                self.time = TimeStyle::LongIso;
                return Ok(());
            }
            // Nobody looks at a terminal here.
            "--color" | "--color=auto" | "--color=never" | "--color=no" => return Ok(()),
            other => return Err(format!("unsupported option '{other}'")),
        };
        self.option(letter)
    }
}

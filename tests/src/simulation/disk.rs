//! The file of one record: what reads return, and what is certain to survive a loss of power. The real
//! journal writes it, through [`Storage`].

use std::cell::{OnceCell, Ref, RefCell};
use std::rc::Rc;

use vault_sandbox_core::issuance::{FILLER, JournalError, RESERVED, Record, Storage};

use super::choices::Choices;
use super::image::Image;
use super::other_versions;

/// Why a file does not do what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// An error.
    Failed,
    /// The run was ended in the middle of it.
    Crashed,
}

/// What a careless driver does with a journal, or a careless reader with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// Does not write again what could not be synced.
    Holes,
    /// Goes on with a record without erasing what stands behind its intact part.
    StaleLines,
    /// Passes an unknown line over although it does not say that it may.
    UnknownIgnored,
    /// Reads up to an unknown line, and writes there.
    UnknownErased,
}

/// The disk, as far as one record goes. Copies are the same disk.
#[derive(Debug, Clone)]
pub struct Disk(Rc<RefCell<Inner>>);

#[derive(Debug)]
struct Inner {
    inodes: Vec<Inode>,
    /// Which of them the record's name leads to.
    name: Option<usize>,
    /// Its name was removed, but a loss of power may bring it back.
    ghost: Option<usize>,
    flaw: Option<Flaw>,
    choices: Choices,
}

#[derive(Debug, Default)]
struct Inode {
    seen: Rc<Image>,
    safe: Rc<Image>,
    /// What the last write brought that was not there before. Only for [`Flaw::Holes`].
    new: Option<(usize, Vec<u8>)>,
}

/// A file that was opened.
#[derive(Debug)]
pub struct File {
    disk: Disk,
    inode: usize,
}

impl Disk {
    /// Without a record.
    #[must_use]
    pub fn new(flaw: Option<Flaw>, choices: &Choices) -> Self {
        Self(Rc::new(RefCell::new(Inner {
            inodes: Vec::new(),
            name: None,
            ghost: None,
            flaw,
            choices: choices.clone(),
        })))
    }

    /// A new file under the record's name.
    #[must_use]
    pub fn create(&self) -> File {
        let mut disk = self.0.borrow_mut();
        disk.inodes.push(Inode::of(Image::plain()));
        let inode = disk.inodes.len() - 1;
        disk.name = Some(inode);
        drop(disk);
        File {
            disk: self.clone(),
            inode,
        }
    }

    /// Has the space reserved, on disk for certain.
    pub fn reserve(&self) {
        let mut disk = self.0.borrow_mut();
        let at = disk.name.expect("a record");
        disk.inodes[at] = Inode::of(Image::default());
    }

    /// The whole content. `None`: there is no record.
    #[must_use]
    pub fn content(&self) -> Option<Vec<u8>> {
        let disk = self.0.borrow();
        let image = &disk.inodes[disk.name?].seen;
        let mut content = image.bytes.clone();
        if !image.is_plain {
            content.resize(content.len().max(RESERVED), FILLER);
        }
        Some(content)
    }

    /// Other bytes take the place of the record, on disk for certain.
    pub fn put(&self, bytes: Vec<u8>) {
        let mut disk = self.0.borrow_mut();
        let at = disk.name.expect("a record");
        let file = &mut disk.inodes[at];
        *file = Inode::of(Image {
            is_plain: file.seen.is_plain,
            bytes,
            record: OnceCell::new(),
        });
    }

    /// What is certain to survive a loss of power. `None`: there is no record.
    #[must_use]
    pub fn safe_bytes(&self) -> Option<Vec<u8>> {
        let disk = self.0.borrow();
        Some(disk.inodes[disk.name?].safe.bytes.clone())
    }

    /// The file under the record's name. `None`: there is none.
    #[must_use]
    pub fn open(&self) -> Option<File> {
        let inode = self.0.borrow().name?;
        Some(File {
            disk: self.clone(),
            inode,
        })
    }

    /// The run ends; the power may go at the same time.
    pub fn crash(&self) {
        let mut disk = self.0.borrow_mut();
        let disk = &mut *disk;
        if let Some(ghost) = disk.ghost.take() {
            match disk.choices.free(3) {
                0 => {}
                1 => disk.name = Some(ghost),
                // It was emptied after its name was removed.
                _ => {
                    disk.inodes[ghost] = Inode::of(Image::plain());
                    disk.name = Some(ghost);
                }
            }
        }
        let Some(file) = disk.name.map(|at| &mut disk.inodes[at]) else {
            return;
        };
        if !Rc::ptr_eq(&file.seen, &file.safe) {
            match disk.choices.free(2) {
                0 => file.safe = Rc::clone(&file.seen),
                _ => file.seen = Rc::clone(&file.safe),
            }
        }
    }

    /// Somebody else removes the record.
    pub fn steal(&self) {
        self.0.borrow_mut().name = None;
    }

    /// Somebody else empties the record.
    pub fn cut(&self) {
        let mut disk = self.0.borrow_mut();
        if let Some(at) = disk.name {
            disk.inodes[at] = Inode::of(Image::plain());
        }
    }

    /// Somebody else, another version or the maker of a state, appends lines behind the intact ones, as
    /// a careful program does: what is not intact there goes.
    pub fn write(&self, lines: &[u8]) {
        let mut disk = self.0.borrow_mut();
        let at = disk.name.expect("a record");
        let file = &mut disk.inodes[at];
        let intact = match file.seen.read() {
            Ok(record) => record.intact,
            Err(_) => 0,
        };
        let mut bytes = file.seen.bytes.clone();
        bytes.truncate(intact);
        bytes.resize(intact, FILLER);
        bytes.extend_from_slice(lines);
        *file = Inode::of(Image {
            bytes,
            ..Image::default()
        });
    }

    /// What the record says now.
    #[must_use]
    pub fn seen(&self) -> Option<Ref<'_, Record>> {
        self.image(|file| &file.seen)
    }

    /// What it would say after a loss of power at this moment, at worst.
    #[must_use]
    pub fn safe(&self) -> Option<Ref<'_, Record>> {
        self.image(|file| &file.safe)
    }

    /// The bytes of the record. `None`: there is none.
    #[must_use]
    pub fn bytes(&self) -> Option<Vec<u8>> {
        let disk = self.0.borrow();
        Some(disk.inodes[disk.name?].seen.bytes.clone())
    }

    /// Whether the record begins with these bytes.
    #[must_use]
    pub fn begins_with(&self, bytes: &[u8]) -> bool {
        let disk = self.0.borrow();
        let Some(name) = disk.name else { return false };
        let seen = &disk.inodes[name].seen.bytes;
        // The last line feed may be reserved space.
        seen.starts_with(bytes.strip_suffix(b"\n").unwrap_or(bytes))
    }

    /// Why the record cannot be gone on with. `None`: it can, or there is none.
    #[must_use]
    pub fn error(&self) -> Option<JournalError> {
        let disk = self.0.borrow();
        disk.inodes[disk.name?].seen.read().as_ref().err().cloned()
    }

    /// Whether something stands behind the intact lines.
    #[must_use]
    pub fn is_torn(&self) -> bool {
        let disk = self.0.borrow();
        let Some(name) = disk.name else { return false };
        let seen = &disk.inodes[name].seen;
        matches!(seen.read(), Ok(record) if seen.bytes.len() > record.intact)
    }

    /// Whether there is a record.
    #[must_use]
    pub fn has_file(&self) -> bool {
        self.0.borrow().name.is_some()
    }

    fn image(&self, of: impl Fn(&Inode) -> &Rc<Image>) -> Option<Ref<'_, Record>> {
        let record = Ref::filter_map(self.0.borrow(), |disk| {
            of(&disk.inodes[disk.name?]).read().as_ref().ok()
        });
        record.ok()
    }
}

impl Storage for File {
    type Error = Fault;

    fn read(&mut self) -> Result<Vec<u8>, Fault> {
        let disk = self.disk.0.borrow();
        let image = &disk.inodes[self.inode].seen;
        let mut content = image.bytes.clone();
        if !image.is_plain {
            content.push(FILLER);
        }
        match disk.flaw {
            Some(Flaw::UnknownIgnored) => other_versions::pass_over_unknown(&mut content),
            Some(Flaw::UnknownErased) => other_versions::cut_at_unknown(&mut content),
            // What it does not see, it does not erase.
            Some(Flaw::StaleLines) => {
                if let Ok(record) = image.read() {
                    content.truncate(record.intact);
                }
            }
            _ => {}
        }
        Ok(content)
    }

    fn write_at(&mut self, offset: usize, bytes: &[u8]) -> Result<(), Fault> {
        let mut disk = self.disk.0.borrow_mut();
        let is_reserving = bytes.len() == RESERVED;
        let has_holes = disk.flaw == Some(Flaw::Holes);
        let pick = disk.choices.fault(if is_reserving { 3 } else { 7 });
        let (length, end) = match pick {
            0 => (bytes.len(), Ok(())),
            1 => (0, Err(Fault::Crashed)),
            // The disk is full or broken: nothing, or half of it, was written.
            2 => (0, Err(Fault::Failed)),
            3 => (bytes.len() / 2, Err(Fault::Failed)),
            // Torn: a few bytes, half of it, all but the line feed.
            4 => (1, Err(Fault::Crashed)),
            5 => (bytes.len() / 2, Err(Fault::Crashed)),
            _ => (bytes.len() - 1, Err(Fault::Crashed)),
        };
        let file = &mut disk.inodes[self.inode];
        if has_holes {
            let old = file.seen.bytes.get(offset..).unwrap_or_default();
            let known = old.iter().zip(bytes).take_while(|(a, b)| a == b).count();
            file.new = Some((offset + known, bytes[known..].to_vec()));
        }
        if is_reserving && file.seen.bytes.is_empty() {
            if length > 0 {
                file.seen = Rc::new(Image::default());
            }
        } else if length > 0 {
            file.seen = Rc::new(file.seen.with(offset, &bytes[..length]));
        }
        end
    }

    fn sync(&mut self) -> Result<(), Fault> {
        let mut disk = self.disk.0.borrow_mut();
        let has_holes = disk.flaw == Some(Flaw::Holes);
        match disk.choices.fault(3) {
            0 => {
                let file = &mut disk.inodes[self.inode];
                file.safe = match &file.new {
                    Some((at, bytes)) if has_holes => Rc::new(file.safe.with(*at, bytes)),
                    _ => Rc::clone(&file.seen),
                };
                Ok(())
            }
            // Whether it stays, nobody knows.
            1 => Err(Fault::Failed),
            _ => Err(Fault::Crashed),
        }
    }

    fn can_be_found(&mut self) -> Result<bool, Fault> {
        let disk = self.disk.0.borrow();
        match disk.choices.fault(3) {
            0 => Ok(disk.name == Some(self.inode)),
            1 => Err(Fault::Failed),
            _ => Err(Fault::Crashed),
        }
    }

    fn remove(&mut self) -> Result<(), Fault> {
        let mut disk = self.disk.0.borrow_mut();
        let disk = &mut *disk;
        if disk.name != Some(self.inode) {
            return Ok(());
        }
        match disk.choices.fault(6) {
            0 => disk.name = None,
            1 => return Err(Fault::Crashed),
            2 => return Err(Fault::Failed),
            // Removed, but the directory is not synced.
            3 => {
                disk.ghost = disk.name.take();
                return Err(Fault::Failed);
            }
            4 => {
                disk.ghost = disk.name.take();
                return Err(Fault::Crashed);
            }
            _ => {
                disk.name = None;
                return Err(Fault::Crashed);
            }
        }
        Ok(())
    }
}

impl Inode {
    /// With this content, on disk for certain.
    fn of(image: Image) -> Self {
        let image = Rc::new(image);
        Self {
            seen: Rc::clone(&image),
            safe: image,
            new: None,
        }
    }
}

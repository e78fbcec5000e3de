//! Fit recipes: TOML files or built-in names, with what the command line changes in them.

use anyhow::{Context, Result, bail};
use gummel_data::Selection;
use gummel_device::Corner;
use gummel_surrogate::{
    AdamwConfig, AutoConfig, ComputeDevice, FitConfig, LmConfig, Sharing, SingleConfig, SoftConfig, Solver,
    TaskOf,
};

/// Recipes inside the program, so that an installed `gummel` needs no other file.
pub const BUILT_IN: [(&str, &str); 4] = [
    ("corners", include_str!("../../../configs/corners.toml")),
    ("default", include_str!("../../../configs/default.toml")),
    ("ihp", include_str!("../../../configs/ihp.toml")),
    ("sky130", include_str!("../../../configs/sky130.toml")),
];

/// Which recipe, and what to change in it.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct RecipeArgs {
    /// Recipe: a TOML file, or one of the built-in corners, default, ihp, sky130
    #[arg(long, value_name = "RECIPE", default_value = "default")]
    pub config: String,
    #[command(flatten)]
    selection: SelectionArgs,
    /// Seed of every random choice
    #[arg(long)]
    seed: Option<u64>,
    /// Solver: Levenberg-Marquardt on the CPU, or AdamW on any device
    #[arg(long, value_enum)]
    solver: Option<SolverName>,
    /// Where AdamW computes (gpu needs a build with --features wgpu)
    #[arg(long, value_enum)]
    device: Option<DeviceName>,
    /// Neurons of the trunk's hidden layers, e.g. 20,20
    #[arg(long, value_delimiter = ',', value_name = "N,N")]
    hidden: Vec<usize>,
    /// One trunk for all, a network per task held close to the others, a network per task alone, or a trunk for as many
    /// tasks (families by default) as lose nothing by it
    #[arg(long, value_enum)]
    sharing: Option<SharingName>,
    /// What a task is, where each has a network of its own
    #[arg(long, value_enum)]
    tasks: Option<TaskName>,
    /// Begin with the trunk of another model (model or run folder) of any family, technology or polarity, or with the bundled one
    #[arg(long, value_name = "MODEL|bundled")]
    trunk: Option<String>,
    /// Keep the given trunk as it is and fit heads only, or hold each of its layers near what it was, this strongly [default:
    /// as held-out curves ask for]
    #[arg(long, value_name = "frozen|S,S", value_parser = hold, allow_hyphen_values = true)]
    hold: Option<Hold>,
}

/// How a given trunk is held.
#[derive(Clone, Debug, PartialEq)]
enum Hold {
    Frozen,
    /// Strength of every layer, first to last; one for all.
    Layers(Vec<f64>),
}

fn hold(text: &str) -> Result<Hold, String> {
    if text == "frozen" {
        return Ok(Hold::Frozen);
    }
    let numbers: Result<Vec<f64>, _> = text.split(',').map(str::parse).collect();
    match numbers {
        Ok(n) if n.iter().all(|s: &f64| *s >= 0.0 && s.is_finite()) => Ok(Hold::Layers(n)),
        _ => {
            Err("expected frozen, or strengths from 0 on: one for all layers or one each, e.g. 1,0.1".into())
        }
    }
}

/// Which part of the data.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct SelectionArgs {
    /// Families: globs on technology/family, or on the family alone (may be repeated)
    #[arg(long, value_name = "GLOB")]
    pub family: Vec<String>,
    /// Devices: globs on names such as W10u_L0.13u (may be repeated)
    #[arg(long, value_name = "GLOB")]
    pub devices: Vec<String>,
    /// Temperatures in degrees Celsius (may be repeated)
    #[arg(long, value_name = "CELSIUS", allow_negative_numbers = true)]
    pub temperature: Vec<f64>,
    /// Process corners (may be repeated)
    #[arg(long, value_name = "tt|ff|ss|sf|fs")]
    pub corner: Vec<Corner>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum SolverName {
    Lm,
    Adamw,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum DeviceName {
    Cpu,
    Gpu,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum SharingName {
    Hard,
    Soft,
    Single,
    Auto,
}

/// What a task is, on the command line.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum TaskName {
    /// A geometry on a site at a corner
    Device,
    /// A process corner with all its geometries
    Corner,
    /// A geometry with all its corners and sites
    Geometry,
    /// A family with all its devices
    Family,
}

impl From<TaskName> for TaskOf {
    fn from(name: TaskName) -> Self {
        match name {
            TaskName::Device => TaskOf::Device,
            TaskName::Corner => TaskOf::Corner,
            TaskName::Geometry => TaskOf::Geometry,
            TaskName::Family => TaskOf::Family,
        }
    }
}

impl SharingName {
    /// Sharing of this kind with its defaults, or `given` where it is of this kind already.
    fn or_default(self, given: &Sharing) -> Sharing {
        match (self, given) {
            (SharingName::Hard, _) => Sharing::Hard,
            (SharingName::Soft, Sharing::Soft(_))
            | (SharingName::Single, Sharing::Single(_))
            | (SharingName::Auto, Sharing::Auto(_)) => given.clone(),
            (SharingName::Soft, _) => Sharing::Soft(SoftConfig::default()),
            (SharingName::Single, _) => Sharing::Single(SingleConfig::default()),
            (SharingName::Auto, _) => Sharing::Auto(AutoConfig::default()),
        }
    }
}

impl SelectionArgs {
    /// Puts what was given in the place of what `selection` has.
    pub fn apply(&self, selection: &mut Selection) {
        if !self.family.is_empty() {
            selection.family = self.family.iter().map(|f| full_glob(f)).collect();
        }
        if !self.devices.is_empty() {
            selection.devices.clone_from(&self.devices);
        }
        if !self.temperature.is_empty() {
            selection.temperature.clone_from(&self.temperature);
        }
        if !self.corner.is_empty() {
            selection.corner.clone_from(&self.corner);
        }
    }
}

/// A family without technology is meant in any technology.
fn full_glob(family: &str) -> String {
    if family.contains('/') { family.to_owned() } else { format!("*/{family}") }
}

impl RecipeArgs {
    /// The recipe with the changes made.
    ///
    /// # Errors
    /// When the recipe is missing or wrong, or when the changes contradict each other.
    pub fn resolve(&self) -> Result<FitConfig> {
        let mut config = load(&self.config)?;
        self.apply(&mut config)?;
        Ok(config)
    }

    /// Makes the changes in `config`.
    ///
    /// # Errors
    /// When they contradict each other.
    pub fn apply(&self, config: &mut FitConfig) -> Result<()> {
        self.selection.apply(&mut config.selection);
        config.seed = self.seed.unwrap_or(config.seed);
        if !self.hidden.is_empty() {
            config.network.hidden.clone_from(&self.hidden);
        }
        if let Some(name) = self.sharing {
            config.sharing = name.or_default(&config.sharing);
        }
        if let Some(task) = self.tasks.map(TaskOf::from) {
            match &mut config.sharing {
                Sharing::Hard => {
                    bail!("--tasks: one trunk serves all tasks; add --sharing soft, single or auto")
                }
                Sharing::Soft(soft) => soft.tasks = task,
                Sharing::Single(single) => single.tasks = task,
                Sharing::Auto(auto) => auto.tasks = task,
            }
        }
        if let Some(from) = &self.trunk {
            config.trunk.from.clone_from(from);
        }
        if let Some(hold) = &self.hold {
            if config.trunk.from.is_empty() {
                bail!("--hold: there is no given trunk to hold; add --trunk MODEL");
            }
            config.trunk.frozen = *hold == Hold::Frozen;
            match hold {
                Hold::Layers(s) if s.len() == 1 => {
                    (config.trunk.strength, config.trunk.layers) = (Some(s[0]), Vec::new());
                }
                Hold::Layers(s) => (config.trunk.strength, config.trunk.layers) = (Some(1.0), s.clone()),
                Hold::Frozen => {}
            }
        }
        match (self.solver, &config.solver) {
            (Some(SolverName::Lm), Solver::Adamw(_)) => config.solver = Solver::Lm(LmConfig::default()),
            (Some(SolverName::Adamw), Solver::Lm(_)) => config.solver = Solver::Adamw(AdamwConfig::default()),
            _ => {}
        }
        match (self.device, &mut config.solver) {
            (Some(DeviceName::Gpu), Solver::Lm(_)) => {
                bail!("--device gpu: the lm solver runs on the CPU only; add --solver adamw")
            }
            (Some(DeviceName::Gpu), Solver::Adamw(adamw)) => adamw.device = ComputeDevice::Gpu,
            (Some(DeviceName::Cpu), Solver::Adamw(adamw)) => adamw.device = ComputeDevice::Cpu,
            _ => {}
        }
        Ok(())
    }
}

/// The recipe called `name`: a built-in one, or a TOML file.
///
/// # Errors
/// When there is no such recipe or file, or with file, line and key when it is wrong.
pub fn load(name: &str) -> Result<FitConfig> {
    let built_in = BUILT_IN.iter().find(|(n, _)| *n == name);
    let text = match built_in {
        Some((_, text)) => (*text).to_owned(),
        None => std::fs::read_to_string(name).with_context(|| {
            let names = BUILT_IN.map(|(n, _)| n).join(", ");
            format!("no recipe '{name}'; expected a TOML file or one of the built-in {names}")
        })?,
    };
    parse(&text).with_context(|| format!("recipe {name} is not what a fit understands"))
}

/// A recipe's text; the solver that it says something of is the default one where it does not say which.
fn parse(text: &str) -> Result<FitConfig, toml::de::Error> {
    let mut table: toml::Table = toml::from_str(text)?;
    match table.get_mut("solver").and_then(toml::Value::as_table_mut) {
        Some(solver) if !solver.contains_key("kind") => {
            solver.insert("kind".into(), "lm".into());
            table.try_into()
        }
        // From the text, so that an error has its line.
        _ => toml::from_str(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recipe_in_configs_is_built_in_and_parses() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../configs");
        let mut found: Vec<String> = std::fs::read_dir(folder)
            .expect("configs")
            .map(|e| e.expect("entry").path())
            .filter(|p| p.extension().is_some_and(|e| e == "toml"))
            .map(|p| p.file_stem().expect("stem").to_string_lossy().into_owned())
            .collect();
        found.sort();
        assert_eq!(found, BUILT_IN.map(|(n, _)| n));
        for (name, _) in BUILT_IN {
            load(name).unwrap_or_else(|e| panic!("{name}: {e:#}"));
        }
    }

    #[test]
    fn the_command_line_wins_over_the_recipe() {
        let args = RecipeArgs {
            config: "ihp".into(),
            selection: SelectionArgs {
                family: vec!["hv_*".into()],
                temperature: vec![-40.0],
                ..Default::default()
            },
            seed: Some(7),
            solver: Some(SolverName::Adamw),
            hidden: vec![8],
            ..RecipeArgs::default()
        };
        let config = args.resolve().expect("recipe");
        assert_eq!(config.selection.family, ["*/hv_*"]);
        assert_eq!(config.selection.temperature, [-40.0]);
        assert_eq!((config.seed, config.network.hidden), (7, vec![8]));
        assert!(matches!(config.solver, Solver::Adamw(_)));
    }

    #[test]
    fn a_solver_without_a_name_is_the_default_one() {
        let Solver::Lm(lm) = parse("[solver]\nmax_steps = 7\n").expect("recipe").solver else {
            panic!("not the default solver");
        };
        assert_eq!(lm, LmConfig { max_steps: 7, ..LmConfig::default() });
        let wrong = parse("seed = 1\n[solver]\nmax_step = 7\n").expect_err("no such key").to_string();
        assert!(wrong.contains("unknown field `max_step`"), "{wrong}");
    }

    #[test]
    fn contradictions_and_wrong_keys_are_named() {
        let args =
            RecipeArgs { config: "default".into(), device: Some(DeviceName::Gpu), ..RecipeArgs::default() };
        assert!(args.resolve().unwrap_err().to_string().contains("--solver adamw"));
        let file = tempfile::NamedTempFile::new().expect("file");
        std::fs::write(file.path(), "sed = 1\n").expect("write");
        let error = format!("{:#}", load(&file.path().display().to_string()).unwrap_err());
        assert!(error.contains("line 1") && error.contains("`sed`"), "{error}");
        assert!(load("nowhere.toml").unwrap_err().to_string().contains("built-in"));
    }
}

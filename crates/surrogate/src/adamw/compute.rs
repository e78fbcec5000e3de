//! Opens the device on which burn computes, and says which one it is.

use burn::tensor::Device;

use super::AdamwError;
use crate::config::ComputeDevice;

/// An opened device.
#[derive(Clone, Debug)]
pub struct Compute {
    /// Handle for tensors, without automatic differentiation.
    pub device: Device,
    /// Name for reports, such as "flex (CPU)" or the adapter and its driver.
    pub name: String,
}

/// Opens `device`; a graphics processor is initialised once per process.
///
/// # Errors
/// When the build has no graphics support or no adapter answers.
pub fn open(device: ComputeDevice) -> Result<Compute, AdamwError> {
    match device {
        ComputeDevice::Cpu => Ok(Compute { device: Device::flex(), name: "flex (CPU)".into() }),
        ComputeDevice::Gpu => gpu::open(),
    }
}

#[cfg(not(feature = "wgpu"))]
mod gpu {
    use super::{AdamwError, Compute};

    pub(super) fn open() -> Result<Compute, AdamwError> {
        Err(AdamwError::GpuNotBuilt)
    }
}

#[cfg(feature = "wgpu")]
mod gpu {
    use std::sync::OnceLock;

    use burn_wgpu::graphics::AutoGraphicsApi;
    use burn_wgpu::{RuntimeOptions, WgpuDevice, try_init_setup};

    use super::{AdamwError, Compute, Device};

    static OPENED: OnceLock<Result<Compute, String>> = OnceLock::new();

    pub(super) fn open() -> Result<Compute, AdamwError> {
        OPENED.get_or_init(initialise).clone().map_err(AdamwError::Gpu)
    }

    /// Acquires the default adapter explicitly: first use of an uninitialised device would panic without one.
    fn initialise() -> Result<Compute, String> {
        let device = WgpuDevice::default();
        let setup = try_init_setup::<AutoGraphicsApi>(&device, RuntimeOptions::default())
            .map_err(|e| e.to_string())?;
        let adapter = setup.adapter.get_info();
        let name = format!(
            "wgpu: {} ({:?}, {:?}, {} {})",
            adapter.name, adapter.device_type, adapter.backend, adapter.driver, adapter.driver_info
        );
        Ok(Compute { device: Device::new(device), name })
    }
}

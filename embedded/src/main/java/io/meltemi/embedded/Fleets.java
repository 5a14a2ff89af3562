package io.meltemi.embedded;

import io.meltemi.embedded.sidecar.Fleet;
import io.meltemi.embedded.sidecar.InProcessFleet;

/** Makes the fleet of a run. */
@FunctionalInterface
interface Fleets {
  /** Our own proxies, on as many event loops as there are processors. */
  Fleets IN_PROCESS = name -> new InProcessFleet(name, Runtime.getRuntime().availableProcessors());

  /** Makes a fleet whose proxies ask the control plane with the given in-process name. */
  Fleet start(String controlPlane);
}

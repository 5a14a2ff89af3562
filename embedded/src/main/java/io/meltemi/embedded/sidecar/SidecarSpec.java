package io.meltemi.embedded.sidecar;

import io.meltemi.common.labels.Labels;
import io.meltemi.common.net.HostPort;
import io.meltemi.config.resource.ResourceName;
import io.meltemi.controlplane.push.LocalPlacement;

/**
 * One proxy.
 *
 * @param gateway a gateway, else a sidecar
 * @param ip of the pod
 * @param workload the deployment
 * @param admin where its admin server listens
 * @param xds where the control plane listens
 * @param domain the cluster's DNS domain
 */
public record SidecarSpec(
    ResourceName pod,
    boolean gateway,
    String ip,
    Labels labels,
    String serviceAccount,
    String workload,
    HostPort admin,
    HostPort xds,
    String domain,
    LocalPlacement placement) {

  /** The same proxy with other binds. */
  public SidecarSpec with(LocalPlacement other) {
    return new SidecarSpec(
        pod, gateway, ip, labels, serviceAccount, workload, admin, xds, domain, other);
  }
}

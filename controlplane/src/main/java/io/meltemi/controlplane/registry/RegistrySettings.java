package io.meltemi.controlplane.registry;

import java.util.List;

/**
 * What the registry must be told.
 *
 * @param domain the cluster's DNS domain, such as {@code cluster.local}
 * @param clusterId the name of the cluster its workloads run in
 * @param trustDomain of the mesh's identities
 * @param defaultServiceExportTo the mesh's default for services that do not say who sees them
 * @param allocateAddresses give addresses to ServiceEntries without ({@code
 *     PILOT_ENABLE_IP_AUTOALLOCATE})
 * @param networks that workloads are in
 */
public record RegistrySettings(
    String domain,
    String clusterId,
    String trustDomain,
    List<String> defaultServiceExportTo,
    boolean allocateAddresses,
    Networks networks) {
  public RegistrySettings {
    defaultServiceExportTo = List.copyOf(defaultServiceExportTo);
  }
}

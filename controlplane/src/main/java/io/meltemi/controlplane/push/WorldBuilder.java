package io.meltemi.controlplane.push;

import io.meltemi.config.Kinds;
import io.meltemi.config.mesh.MeshConfig;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.resource.ResourceKind;
import io.meltemi.config.resource.ResourceName;
import io.meltemi.config.store.ConfigChange;
import io.meltemi.config.store.ConfigSnapshot;
import io.meltemi.controlplane.gatewayapi.GatewayApiConversion;
import io.meltemi.controlplane.gatewayapi.Waypoints;
import io.meltemi.controlplane.registry.EndpointIndex;
import io.meltemi.controlplane.registry.Networks;
import io.meltemi.controlplane.registry.RegistryChange;
import io.meltemi.controlplane.registry.RegistrySettings;
import io.meltemi.controlplane.registry.ServiceRegistry;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Builds the next world from the last one and what changed since. Owned by the push thread; the
 * worlds it returns are immutable.
 */
public final class WorldBuilder {
  private static final List<ResourceKind<?>> REGISTRY_KINDS =
      List.of(
          Kinds.NODE,
          Kinds.SERVICE,
          Kinds.ENDPOINT_SLICE,
          Kinds.ENDPOINTS,
          Kinds.POD,
          Kinds.SERVICE_ENTRY,
          Kinds.WORKLOAD_ENTRY);

  private static final List<ResourceKind<?>> TRAFFIC_KINDS =
      List.of(
          Kinds.VIRTUAL_SERVICE,
          Kinds.DESTINATION_RULE,
          Kinds.GATEWAY,
          Kinds.SIDECAR,
          Kinds.PEER_AUTHENTICATION,
          Kinds.AUTHORIZATION_POLICY,
          Kinds.ENVOY_FILTER,
          Kinds.WASM_PLUGIN,
          Kinds.TRAFFIC_EXTENSION);

  /** What tells of networks beside the settings of the mesh. */
  private static final List<ResourceKind<?>> NETWORK_KINDS =
      List.of(Kinds.SERVICE, Kinds.NAMESPACE, Kinds.KUBERNETES_GATEWAY);

  private static final List<ResourceKind<?>> GATEWAY_SURROUNDINGS =
      List.of(Kinds.SECRET, Kinds.CONFIG_MAP, Kinds.NAMESPACE);

  private final String domain;
  private final String clusterId;
  private final Features features;
  private ServiceRegistry registry;
  private World world;
  private Discovery discovery;
  private Networks networks = Networks.NONE;
  private GatewayApiConversion converted = GatewayApiConversion.NOTHING;

  /** A world and what it differs in from the one before. */
  public record World(PushContext context, WorldChange change) {}

  /**
   * Begins with a world that holds nothing.
   *
   * @param domain the cluster's DNS domain, such as {@code cluster.local}
   * @param clusterId the name of the cluster, such as {@code Kubernetes}
   */
  public WorldBuilder(String domain, String clusterId) {
    this(domain, clusterId, Features.DEFAULT);
  }

  /** Begins with a world that holds nothing. */
  public WorldBuilder(String domain, String clusterId, Features features) {
    this.domain = domain;
    this.clusterId = clusterId;
    this.features = features;
    this.discovery = Discovery.of(MeshConfig.DEFAULT, ConfigSnapshot.EMPTY, features);
    this.registry = new ServiceRegistry(registrySettings(MeshConfig.DEFAULT));
    this.world =
        new World(
            context(MeshConfig.DEFAULT, ConfigSnapshot.EMPTY),
            new WorldChange(false, List.of(), Set.of(), Set.of(), Set.of()));
  }

  private RegistrySettings registrySettings(MeshConfig mesh) {
    return new RegistrySettings(
        domain,
        clusterId,
        mesh.identity().trustDomain(),
        mesh.visibility().defaultServiceExportTo(),
        features.allocateAddresses(),
        networks);
  }

  /** What the Gateway API's objects came to in the last world. */
  GatewayApiConversion converted() {
    return converted;
  }

  /** What this control plane looks at of a snapshot. */
  ConfigSnapshot seen(ConfigSnapshot all) {
    return all.filtered(discovery::admits);
  }

  Features features() {
    return features;
  }

  /** The last world built. */
  public World world() {
    return world;
  }

  /**
   * The world after some changes.
   *
   * @param changes everything that changed since the last call
   * @param all the state after them
   * @param mesh the settings in force after them
   */
  public World next(List<ConfigChange> changes, ConfigSnapshot all, MeshConfig mesh) {
    Discovery before = discovery;
    discovery = Discovery.of(mesh, all, features);
    ConfigSnapshot snapshot = seen(all);
    boolean meshChanged = !mesh.equals(world.context().mesh()) || !discovery.equals(before);
    if (meshChanged || changes.stream().anyMatch(change -> NETWORK_KINDS.contains(change.kind()))) {
      Networks then = networks;
      networks = Networks.of(mesh, snapshot, domain, clusterId);
      meshChanged |= !networks.equals(then);
    }
    RegistryChange registryChange = meshChanged ? readAll(snapshot, mesh) : readChanges(changes);
    List<ConfigChange> traffic =
        changes.stream().filter(change -> isTraffic(change.kind(), snapshot)).toList();
    WorldChange change =
        new WorldChange(
            meshChanged,
            traffic,
            registryChange.services(),
            registryChange.endpoints(),
            credentials(changes));
    PushContext context =
        change.endpointsOnly() && !registryChange.moved()
            ? sameButFor(change, snapshot)
            : context(mesh, snapshot);
    world = new World(context, change);
    return world;
  }

  private PushContext sameButFor(WorldChange change, ConfigSnapshot snapshot) {
    PushContext context = world.context();
    if (!change.endpoints().isEmpty()) {
      context = context.withEndpoints(registry.endpoints(), change.endpoints());
    }
    return change.credentials().isEmpty()
        ? context
        : context.withCredentials(new Credentials(snapshot));
  }

  private static Set<ResourceName> credentials(List<ConfigChange> changes) {
    Set<ResourceName> names = new HashSet<>();
    for (ConfigChange change : changes) {
      if (change.kind() == Kinds.SECRET || change.kind() == Kinds.CONFIG_MAP) {
        names.add(change.name());
      }
    }
    return names;
  }

  /** Certificates and namespaces only matter to gateways of the Gateway API. */
  private static boolean isTraffic(ResourceKind<?> kind, ConfigSnapshot snapshot) {
    return TRAFFIC_KINDS.contains(kind)
        || ConvertedTraffic.KINDS.contains(kind)
        || (GATEWAY_SURROUNDINGS.contains(kind)
            && !snapshot.list(Kinds.KUBERNETES_GATEWAY).isEmpty());
  }

  private RegistryChange readChanges(List<ConfigChange> changes) {
    for (ConfigChange change : changes) {
      registry.accept(change.kind(), change.name(), change.after().filter(discovery::admits));
    }
    return registry.recompute();
  }

  /** Settings of the mesh change every service, so all is read again. */
  private RegistryChange readAll(ConfigSnapshot snapshot, MeshConfig mesh) {
    registry = registry.anew(registrySettings(mesh));
    for (ResourceKind<?> kind : REGISTRY_KINDS) {
      for (Resource<?> resource : snapshot.list(kind)) {
        registry.accept(kind, resource.id(), Optional.of(resource));
      }
    }
    return registry.recompute();
  }

  private PushContext context(MeshConfig mesh, ConfigSnapshot snapshot) {
    EndpointIndex endpoints = registry.endpoints();
    converted =
        ConvertedTraffic.gatewayApi(
            snapshot, domain, new RegistryDirectory(registry.services(), endpoints, snapshot));
    return new PushContext(
        new PushContext.Inputs(
            mesh,
            domain,
            registry.services(),
            endpoints,
            ConvertedTraffic.traffic(snapshot, mesh, domain, converted),
            new Credentials(snapshot),
            networks,
            features,
            Waypoints.of(snapshot, registry.services())));
  }
}

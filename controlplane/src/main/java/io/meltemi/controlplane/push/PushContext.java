package io.meltemi.controlplane.push;

import io.meltemi.common.labels.Labels;
import io.meltemi.config.Kinds;
import io.meltemi.config.kind.authorizationpolicy.AuthorizationPolicy;
import io.meltemi.config.kind.destinationrule.DestinationRule;
import io.meltemi.config.kind.envoyfilter.EnvoyFilter;
import io.meltemi.config.kind.gateway.Gateway;
import io.meltemi.config.kind.peerauthentication.PeerAuthentication;
import io.meltemi.config.kind.sidecar.Sidecar;
import io.meltemi.config.kind.trafficextension.TrafficExtension;
import io.meltemi.config.kind.virtualservice.VirtualService;
import io.meltemi.config.mesh.MeshConfig;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.resource.ResourceName;
import io.meltemi.config.store.ConfigSnapshot;
import io.meltemi.config.store.Problem;
import io.meltemi.config.traffic.Protocol;
import io.meltemi.controlplane.gatewayapi.GatewayApi;
import io.meltemi.controlplane.gatewayapi.Waypoints;
import io.meltemi.controlplane.registry.EndpointIndex;
import io.meltemi.controlplane.registry.MeshService;
import io.meltemi.controlplane.registry.Networks;
import io.meltemi.controlplane.registry.Resolution;
import io.meltemi.controlplane.registry.ServiceEndpoint;
import io.meltemi.controlplane.registry.ServiceInstance;
import io.meltemi.controlplane.registry.ServiceKey;
import io.meltemi.controlplane.registry.ServicePort;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The world of one push: everything generators may look at. Immutable in what it answers, so that
 * any number of threads can translate from it at once; what is only needed for some proxies is
 * worked out at the first question and kept.
 */
public final class PushContext {
  private static final Comparator<MeshService> OLDEST_FIRST =
      Comparator.<MeshService, java.time.Instant>comparing(
              service -> service.attributes().creationTimestamp())
          .thenComparing(service -> service.attributes().name())
          .thenComparing(MeshService::namespace)
          .thenComparing(MeshService::hostname);

  private static final String GATEWAY_LABEL = "gateway.networking.k8s.io/gateway-name";

  private final Inputs inputs;
  private final Map<String, List<ServiceInstance>> instancesByIp;
  private final Derived derived;
  private final SidecarScopes sidecarScopes;
  private final Views views;
  private final Map<View, SharedResources> shared = new ConcurrentHashMap<>();

  /** What does not depend on endpoints, so that worlds which differ only in them share it. */
  private static final class Derived {
    final List<MeshService> services;
    final Map<ServiceKey, MeshService> servicesByKey = new HashMap<>();
    final Map<String, List<MeshService>> servicesByHost = new HashMap<>();
    final VirtualServiceIndex virtualServices;
    final DestinationRuleIndex destinationRules;
    final PeerAuthentications peerAuthentications;
    final AuthorizationPolicies authorizationPolicies;
    final Map<String, List<MeshService>> visibleServices = new ConcurrentHashMap<>();
    final Map<String, SidecarScope> defaultScopes = new ConcurrentHashMap<>();
    final Map<ScopeKey, SidecarScope> scopes = new ConcurrentHashMap<>();
    final Map<Class<?>, Object> others = new ConcurrentHashMap<>();

    Derived(Inputs inputs) {
      services = inputs.services().stream().sorted(OLDEST_FIRST).toList();
      for (MeshService service : services) {
        servicesByKey.put(service.key(), service);
        servicesByHost.computeIfAbsent(service.hostname(), _ -> new ArrayList<>()).add(service);
      }
      MeshConfig mesh = inputs.mesh();
      virtualServices =
          new VirtualServiceIndex(
              inputs.traffic().virtualServices(),
              mesh.visibility().defaultVirtualServiceExportTo(),
              inputs.domain());
      destinationRules =
          new DestinationRuleIndex(
              inputs.traffic().destinationRules(),
              mesh.visibility().defaultDestinationRuleExportTo(),
              inputs.domain(),
              mesh.rootNamespace());
      peerAuthentications =
          new PeerAuthentications(inputs.traffic().peerAuthentications(), mesh.rootNamespace());
      authorizationPolicies =
          new AuthorizationPolicies(inputs.traffic().authorizationPolicies(), mesh.rootNamespace());
    }
  }

  private record ScopeKey(String namespace, ResourceName sidecar) {}

  /**
   * What a world is made of.
   *
   * @param domain the cluster's DNS domain, such as {@code cluster.local}
   * @param services of the registry, in any order
   * @param endpoints of the registry
   * @param waypoints and the services behind them
   */
  public record Inputs(
      MeshConfig mesh,
      String domain,
      Collection<MeshService> services,
      EndpointIndex endpoints,
      Traffic traffic,
      Credentials credentials,
      Networks networks,
      Features features,
      Waypoints waypoints) {
    /** Without credentials, in one network, and with nothing switched. */
    public Inputs(
        MeshConfig mesh,
        String domain,
        Collection<MeshService> services,
        EndpointIndex endpoints,
        Traffic traffic) {
      this(
          mesh,
          domain,
          services,
          endpoints,
          traffic,
          Credentials.NONE,
          Networks.NONE,
          Features.DEFAULT,
          Waypoints.NONE);
    }
  }

  /** Istio's traffic resources, in any order. */
  public record Traffic(
      List<Resource<VirtualService>> virtualServices,
      List<Resource<DestinationRule>> destinationRules,
      List<Resource<Gateway>> gateways,
      List<Resource<Sidecar>> sidecars,
      List<Resource<PeerAuthentication>> peerAuthentications,
      List<Resource<AuthorizationPolicy>> authorizationPolicies,
      List<Resource<EnvoyFilter>> envoyFilters,
      List<Resource<TrafficExtension>> extensions) {
    public Traffic {
      virtualServices = virtualServices.stream().sorted(Resource.PRECEDENCE).toList();
      destinationRules = destinationRules.stream().sorted(Resource.PRECEDENCE).toList();
      gateways = gateways.stream().sorted(Resource.PRECEDENCE).toList();
      sidecars = sidecars.stream().sorted(Resource.PRECEDENCE).toList();
      peerAuthentications = peerAuthentications.stream().sorted(Resource.PRECEDENCE).toList();
      authorizationPolicies = authorizationPolicies.stream().sorted(Resource.PRECEDENCE).toList();
      envoyFilters = envoyFilters.stream().sorted(Resource.PRECEDENCE).toList();
      extensions = extensions.stream().sorted(Resource.PRECEDENCE).toList();
    }

    /** What a snapshot holds of them. */
    public static Traffic of(ConfigSnapshot snapshot) {
      return new Traffic(
          snapshot.list(Kinds.VIRTUAL_SERVICE),
          snapshot.list(Kinds.DESTINATION_RULE),
          snapshot.list(Kinds.GATEWAY),
          snapshot.list(Kinds.SIDECAR),
          snapshot.list(Kinds.PEER_AUTHENTICATION),
          snapshot.list(Kinds.AUTHORIZATION_POLICY),
          snapshot.list(Kinds.ENVOY_FILTER),
          Stream.concat(
                  snapshot.list(Kinds.WASM_PLUGIN).stream(),
                  snapshot.list(Kinds.TRAFFIC_EXTENSION).stream())
              .toList());
    }
  }

  public PushContext(Inputs inputs) {
    Derived derived = new Derived(inputs);
    this(inputs, derived, instances(derived.services, inputs.endpoints()));
  }

  private PushContext(
      Inputs inputs, Derived derived, Map<String, List<ServiceInstance>> instancesByIp) {
    this.inputs = inputs;
    this.derived = derived;
    this.instancesByIp = instancesByIp;
    sidecarScopes = new SidecarScopes(this, inputs.traffic().sidecars());
    views = new Views(this);
  }

  /** The instances of some services by their addresses; those of one address in their order. */
  private static Map<String, List<ServiceInstance>> instances(
      Collection<MeshService> services, EndpointIndex endpoints) {
    Map<String, List<ServiceInstance>> byIp = new HashMap<>();
    for (MeshService service : services) {
      for (ServiceEndpoint endpoint : endpoints.endpoints(service.key())) {
        Optional<ServicePort> port = service.port(endpoint.servicePortName());
        if (port.isPresent() && !endpoint.address().isEmpty()) {
          byIp.computeIfAbsent(endpoint.address(), _ -> new ArrayList<>())
              .add(new ServiceInstance(service, port.get(), endpoint));
        }
      }
    }
    return byIp;
  }

  /**
   * The same world with other endpoints; what was worked out already is kept.
   *
   * @param changed the services whose endpoints differ
   */
  public PushContext withEndpoints(EndpointIndex endpoints, Set<ServiceKey> changed) {
    List<MeshService> services =
        changed.stream().flatMap(key -> service(key).stream()).sorted(OLDEST_FIRST).toList();
    Map<String, List<ServiceInstance>> now = instances(services, endpoints);
    Set<String> touched = new HashSet<>(now.keySet());
    touched.addAll(instances(services, inputs.endpoints()).keySet());
    Map<String, List<ServiceInstance>> byIp = new HashMap<>(instancesByIp);
    for (String ip : touched) {
      List<ServiceInstance> all = new ArrayList<>();
      for (ServiceInstance instance : byIp.getOrDefault(ip, List.of())) {
        if (!changed.contains(instance.service().key())) {
          all.add(instance);
        }
      }
      all.addAll(now.getOrDefault(ip, List.of()));
      all.sort(Comparator.comparing(ServiceInstance::service, OLDEST_FIRST));
      if (all.isEmpty()) {
        byIp.remove(ip);
      } else {
        byIp.put(ip, all);
      }
    }
    return new PushContext(
        new Inputs(
            inputs.mesh(),
            inputs.domain(),
            inputs.services(),
            endpoints,
            inputs.traffic(),
            inputs.credentials(),
            inputs.networks(),
            inputs.features(),
            inputs.waypoints()),
        derived,
        byIp);
  }

  /** The same world with other credentials; what was worked out already is kept. */
  PushContext withCredentials(Credentials credentials) {
    return new PushContext(
        new Inputs(
            inputs.mesh(),
            inputs.domain(),
            inputs.services(),
            inputs.endpoints(),
            inputs.traffic(),
            credentials,
            inputs.networks(),
            inputs.features(),
            inputs.waypoints()),
        derived,
        instancesByIp);
  }

  public Features features() {
    return inputs.features();
  }

  /** What proxies may ask for certificates and keys of. */
  public Credentials credentials() {
    return inputs.credentials();
  }

  /** The networks of the mesh and the ways between them. */
  public Networks networks() {
    return inputs.networks();
  }

  public MeshConfig mesh() {
    return inputs.mesh();
  }

  public String rootNamespace() {
    return inputs.mesh().rootNamespace();
  }

  /** The cluster's DNS domain, such as {@code cluster.local}. */
  public String domain() {
    return inputs.domain();
  }

  /** Every service of the mesh, oldest first. */
  public List<MeshService> services() {
    return derived.services;
  }

  public Optional<MeshService> service(ServiceKey key) {
    return Optional.ofNullable(derived.servicesByKey.get(key));
  }

  /** The services that are exported to a namespace, oldest first. */
  public List<MeshService> servicesVisibleTo(String namespace) {
    return derived.visibleServices.computeIfAbsent(
        namespace,
        _ ->
            derived.services.stream()
                .filter(service -> service.exportTo().visibleTo(namespace))
                .toList());
  }

  /**
   * The service a host name means in a namespace: its own, else a Kubernetes Service, else the
   * oldest that is exported to it.
   */
  public Optional<MeshService> serviceFor(String hostname, String namespace) {
    List<MeshService> candidates =
        derived.servicesByHost.getOrDefault(hostname, List.of()).stream()
            .filter(service -> service.exportTo().visibleTo(namespace))
            .toList();
    return candidates.stream()
        .filter(service -> service.namespace().equals(namespace))
        .findFirst()
        .or(
            () ->
                candidates.stream()
                    .filter(
                        service -> service.attributes().source() == MeshService.Source.KUBERNETES)
                    .findFirst())
        .or(() -> candidates.stream().findFirst());
  }

  public EndpointIndex endpoints() {
    return inputs.endpoints();
  }

  /** The ports of services that a proxy serves, by its addresses; services oldest first. */
  public List<ServiceInstance> instancesOf(ProxyNode node) {
    return node.ips().stream()
        .flatMap(ip -> instancesByIp.getOrDefault(ip, List.of()).stream())
        .filter(instance -> instance.endpoint().workload().namespace().equals(node.namespace()))
        .toList();
  }

  /** True when a proxy serves the same as in an earlier world. */
  boolean hasInstancesOf(PushContext before, ProxyNode node) {
    for (String ip : node.ips()) {
      if (!isSame(instancesByIp.get(ip), before.instancesByIp.get(ip))) {
        return instancesOf(node).equals(before.instancesOf(node));
      }
    }
    return true;
  }

  /**
   * Worlds that differ in endpoints share the lists of all addresses that have nothing to do with
   * it.
   */
  @SuppressWarnings("ReferenceEquality")
  private static boolean isSame(@Nullable Object one, @Nullable Object other) {
    return one == other;
  }

  /** What a proxy may reach; gateways see everything that is exported to their namespace. */
  public SidecarScope sidecarScope(ProxyNode node) {
    String namespace = node.namespace();
    Optional<Resource<Sidecar>> chosen =
        node.isSidecar() ? sidecarScopes.choose(namespace, node.labels()) : Optional.empty();
    if (chosen.isEmpty()) {
      return derived.defaultScopes.computeIfAbsent(
          namespace,
          _ -> sidecarScopes.everything(namespace, inputs.mesh().outboundTrafficPolicy()));
    }
    return derived.scopes.computeIfAbsent(
        new ScopeKey(namespace, chosen.get().id()), _ -> sidecarScopes.of(namespace, chosen.get()));
  }

  /**
   * The virtual services bound to a gateway that a namespace sees, in order of precedence, with
   * host names of rules and destinations completed and gateway names as {@code namespace/name}.
   *
   * @param gateway {@code mesh} or {@code namespace/name}
   */
  public List<Resource<VirtualService>> virtualServices(String gateway, String namespace) {
    return derived.virtualServices.of(gateway, namespace);
  }

  /** What of the configuration has no effect for any proxy, whatever it is translated to. */
  public List<Problem> problems() {
    return List.copyOf(derived.virtualServices.problems());
  }

  /** Every virtual service as it is written, in order of precedence. */
  public List<Resource<VirtualService>> virtualServices() {
    return inputs.traffic().virtualServices();
  }

  /** The Gateway resources that select a gateway proxy, in order of precedence. */
  public List<Resource<Gateway>> gatewaysOf(ProxyNode node) {
    return inputs.traffic().gateways().stream().filter(gateway -> selects(gateway, node)).toList();
  }

  /** By labels; a gateway made from the Gateway API selects the pods of its service instead. */
  private boolean selects(Resource<Gateway> gateway, ProxyNode node) {
    Map<String, String> marks = gateway.metadata().annotations();
    String services = marks.get(GatewayApi.GATEWAY_SERVICE);
    if (services == null) {
      return node.labels().matches(gateway.spec().selector());
    }
    String account = marks.getOrDefault(GatewayApi.SERVICE_ACCOUNT, "");
    String known = node.metadata().serviceAccount();
    if (!account.isEmpty() && !known.isEmpty() && !account.equals(known)) {
      return false;
    }
    List<String> hostnames = List.of(services.split(","));
    String namespace = marks.getOrDefault(GatewayApi.PARENT_NAMESPACE, gateway.namespace());
    return instancesOf(node).stream()
        .anyMatch(
            instance ->
                instance.service().namespace().equals(namespace)
                    && hostnames.contains(instance.service().hostname()));
  }

  /** The destination rule that a proxy uses for a service. */
  public Optional<MeshDestinationRule> destinationRule(ProxyNode node, MeshService service) {
    return derived.destinationRules.find(node.namespace(), node.labels(), service);
  }

  /** Hosts that several destination rules give subsets of one name. */
  public int hostsWithDuplicateSubsets() {
    return derived.destinationRules.hostsWithDuplicates();
  }

  /** Ports of services whose endpoints are told that have none. */
  public int portsWithoutEndpoints() {
    int ports = 0;
    for (MeshService service : derived.services) {
      if (service.resolution() == Resolution.ENDPOINTS) {
        Set<String> served = new HashSet<>();
        endpoints()
            .endpoints(service.key())
            .forEach(endpoint -> served.add(endpoint.servicePortName()));
        for (ServicePort port : service.ports()) {
          ports += port.protocol() == Protocol.UDP || served.contains(port.name()) ? 0 : 1;
        }
      }
    }
    return ports;
  }

  /** What a workload takes on its ports. */
  public MutualTls mutualTls(String namespace, Labels labels) {
    return derived.peerAuthentications.of(namespace, labels);
  }

  /** What the workloads of a namespace take that no policy of their own is for. */
  public PeerAuthentication.Mode mutualTlsOfNamespace(String namespace) {
    return derived.peerAuthentications.ofNamespace(namespace);
  }

  /** Who may do what to a proxy's workload; policies of the root namespace first. */
  public List<Resource<AuthorizationPolicy>> authorizationPoliciesOf(ProxyNode node) {
    return derived.authorizationPolicies.of(node);
  }

  /** Who may use a service, where a waypoint decides it; of the root namespace first. */
  public List<Resource<AuthorizationPolicy>> authorizationPoliciesOf(
      ProxyNode waypoint, MeshService service) {
    return derived.authorizationPolicies.of(
        waypoint, service, inputs.waypoints().entriesOf(service.key()));
  }

  /** The services that a waypoint stands before, oldest first. */
  public List<MeshService> servicesBehind(ProxyNode waypoint) {
    Set<ServiceKey> keys =
        inputs
            .waypoints()
            .of(new ResourceName(waypoint.namespace(), waypoint.labels().get(GATEWAY_LABEL, "")));
    return keys.isEmpty()
        ? List.of()
        : services().stream().filter(service -> keys.contains(service.key())).toList();
  }

  /** All resources that it is made of. */
  Traffic traffic() {
    return inputs.traffic();
  }

  /** What of proxies this world looks at. */
  public Views views() {
    return views;
  }

  /** Every patch of generated configuration, oldest first. */
  public List<Resource<EnvoyFilter>> envoyFilters() {
    return inputs.traffic().envoyFilters();
  }

  /** Those that are for a proxy, in the order in which they are applied. */
  public List<Resource<EnvoyFilter>> envoyFiltersOf(ProxyNode node) {
    return EnvoyFilters.of(envoyFilters(), node, rootNamespace());
  }

  /** Every filter of somebody's own, oldest first. */
  public List<Resource<TrafficExtension>> trafficExtensions() {
    return inputs.traffic().extensions();
  }

  /** Those that are for a proxy: of its own namespace, then of the root namespace. */
  public List<Resource<TrafficExtension>> trafficExtensionsOf(ProxyNode node) {
    return TrafficExtensions.of(trafficExtensions(), node, rootNamespace());
  }

  /**
   * What is worked out of this world once and kept, also for worlds that differ from it only in
   * endpoints.
   *
   * @param make is called at most once for a type, and must not look at endpoints
   */
  public <T> T derive(Class<T> type, Function<PushContext, T> make) {
    return type.cast(derived.others.computeIfAbsent(type, _ -> make.apply(this)));
  }

  /** What this world has for clients of a view, wherever they are. */
  public SharedResources shared(View view) {
    return shared.computeIfAbsent(view.anywhere(), same -> new SharedResources(same.node()));
  }

  /** True when a proxy may reach a service. */
  public boolean sees(ProxyNode node, ServiceKey service) {
    return sidecarScope(node)
        .service(service.hostname())
        .filter(seen -> seen.key().equals(service))
        .isPresent();
  }
}

package io.meltemi.controlplane.deployment;

import io.meltemi.config.Kinds;
import io.meltemi.config.kind.gatewayapi.KubernetesGateway;
import io.meltemi.config.kind.gatewayapi.KubernetesGateway.Infrastructure;
import io.meltemi.config.kind.gatewayapi.Listener;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.resource.ResourceName;
import io.meltemi.config.store.ConfigSnapshot;
import io.meltemi.controlplane.gatewayapi.AllListeners;
import io.meltemi.controlplane.gatewayapi.GatewayClasses;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * The workload of one managed Gateway.
 *
 * @param name of the deployment and the service
 * @param labels of everything that is made, sorted
 * @param annotations of everything that is made, sorted
 * @param ports of the service
 */
public record GatewayDeployment(
    Resource<KubernetesGateway> gateway,
    GatewayKind kind,
    String name,
    String serviceAccount,
    Map<String, String> labels,
    Map<String, String> annotations,
    String serviceType,
    List<Port> ports) {
  static final String GATEWAY_NAME = "gateway.networking.k8s.io/gateway-name";
  static final String CLASS_NAME = "gateway.networking.k8s.io/gateway-class-name";
  static final String MANAGED = "gateway.istio.io/managed";
  static final String VERSION_ANNOTATION = "gateway.istio.io/controller-version";
  static final String NETWORK = "topology.istio.io/network";
  static final int VERSION = 5;

  private static final String NAME_OVERRIDE = "gateway.istio.io/name-override";
  private static final String ACCOUNT_OVERRIDE = "gateway.istio.io/service-account";
  private static final String SERVICE_TYPE = "networking.istio.io/service-type";
  private static final String DATAPLANE_MODE = "istio.io/dataplane-mode";
  private static final Set<String> NOT_COPIED =
      Set.of(
          "kubectl.kubernetes.io/last-applied-configuration",
          NAME_OVERRIDE,
          ACCOUNT_OVERRIDE,
          VERSION_ANNOTATION);
  private static final int STATUS_PORT = 15021;
  private static final int PORT_NAME_MAX = 63;

  /** A port of the service; {@code protocol} is that of the transport. */
  public record Port(String name, int port, String protocol, String appProtocol) {}

  public GatewayDeployment {
    labels = Collections.unmodifiableMap(new TreeMap<>(labels));
    annotations = Collections.unmodifiableMap(new TreeMap<>(annotations));
    ports = List.copyOf(ports);
  }

  /** Those of all gateways that are to be given a workload. */
  public static List<GatewayDeployment> all(ConfigSnapshot snapshot, DeploymentSettings settings) {
    List<GatewayDeployment> all = new ArrayList<>();
    for (Resource<KubernetesGateway> gateway : snapshot.list(Kinds.KUBERNETES_GATEWAY)) {
      Optional<GatewayKind> kind = kind(gateway.spec(), snapshot, settings);
      if (kind.isPresent() && GatewayClasses.isManaged(gateway.spec()) && isTakenBy(gateway)) {
        all.add(of(gateway, kind.get(), snapshot, settings));
      }
    }
    return all;
  }

  private static Optional<GatewayKind> kind(
      KubernetesGateway gateway, ConfigSnapshot snapshot, DeploymentSettings settings) {
    String className = gateway.gatewayClassName();
    Optional<GatewayKind> kind =
        snapshot
            .get(Kinds.GATEWAY_CLASS, new ResourceName("", className))
            .map(written -> GatewayKind.ofController(written.spec().controllerName()))
            .orElseGet(() -> GatewayKind.ofClass(className));
    return kind.filter(found -> !found.isAgent() || settings.switches().agentgateway());
  }

  /** False for a gateway that a later kind of controller has taken. */
  private static boolean isTakenBy(Resource<KubernetesGateway> gateway) {
    String taken = gateway.metadata().annotations().get(VERSION_ANNOTATION);
    try {
      return taken == null || Integer.parseInt(taken) <= VERSION;
    } catch (NumberFormatException _) {
      return false;
    }
  }

  private static GatewayDeployment of(
      Resource<KubernetesGateway> gateway,
      GatewayKind kind,
      ConfigSnapshot snapshot,
      DeploymentSettings settings) {
    Map<String, String> written = gateway.metadata().annotations();
    String name = kind.defaultName(gateway.name(), gateway.spec().gatewayClassName());
    Map<String, String> annotations =
        infrastructure(gateway, Infrastructure::annotations, written, settings);
    annotations.keySet().removeAll(NOT_COPIED);
    return new GatewayDeployment(
        gateway,
        kind,
        written.getOrDefault(NAME_OVERRIDE, name),
        written.getOrDefault(ACCOUNT_OVERRIDE, name),
        labels(gateway, kind, settings),
        annotations,
        written.getOrDefault(SERVICE_TYPE, kind.defaultServiceType()),
        ports(AllListeners.of(gateway, snapshot), settings.switches().quic()));
  }

  private static Map<String, String> labels(
      Resource<KubernetesGateway> gateway, GatewayKind kind, DeploymentSettings settings) {
    Map<String, String> own = gateway.metadata().labels().values();
    Map<String, String> labels = infrastructure(gateway, Infrastructure::labels, own, settings);
    String className = gateway.spec().gatewayClassName();
    boolean waypoint = className.contains("waypoint");
    boolean eastWest = className.contains("east-west");
    if (!waypoint && !eastWest && !own.containsKey(DATAPLANE_MODE)) {
      labels.putIfAbsent(DATAPLANE_MODE, "none");
    }
    String network = settings.network().name();
    if ((waypoint || eastWest) && !network.isEmpty() && !own.containsKey(NETWORK)) {
      labels.put(NETWORK, network);
    }
    labels.put(GATEWAY_NAME, gateway.name());
    labels.put(CLASS_NAME, className);
    labels.put(MANAGED, kind.label());
    return labels;
  }

  /** What {@code spec.infrastructure} says, else what the Gateway itself carries. */
  private static Map<String, String> infrastructure(
      Resource<KubernetesGateway> gateway,
      Function<Infrastructure, Map<String, String>> part,
      Map<String, String> own,
      DeploymentSettings settings) {
    Map<String, String> written = gateway.spec().infrastructure().map(part).orElseGet(Map::of);
    if (written.isEmpty()) {
      return new TreeMap<>(settings.switches().copyMetadata() ? own : Map.of());
    }
    Map<String, String> kept = new TreeMap<>(written);
    kept.keySet().removeIf(key -> key.startsWith("gateway.networking.k8s.io/"));
    return kept;
  }

  private static List<Port> ports(List<Listener> listeners, boolean quic) {
    List<Port> ports = new ArrayList<>();
    ports.add(new Port("status-port", STATUS_PORT, "TCP", "tcp"));
    Set<Integer> numbers = new HashSet<>();
    Set<String> names = new HashSet<>(Set.of("status-port"));
    for (Listener listener : listeners) {
      if (numbers.add(listener.port())) {
        String protocol = listener.protocol().toLowerCase(Locale.ROOT);
        String name = portName(listener.name().replace('.', '-'), listener.port(), names);
        ports.add(new Port(name, listener.port(), "TCP", protocol));
        if (quic && protocol.equals("https")) {
          String second = portName(name + "-quic", listener.port(), names);
          ports.add(new Port(second, listener.port(), "UDP", protocol));
        }
      }
    }
    return ports;
  }

  /** Listeners' names may be longer than those of ports, and become equal when they are cut. */
  private static String portName(String wanted, int port, Set<String> taken) {
    String name = cut(wanted, PORT_NAME_MAX);
    String candidate = name;
    StringBuilder suffix = new StringBuilder("-").append(port);
    while (!taken.add(candidate)) {
      candidate = cut(name, PORT_NAME_MAX - suffix.length()) + suffix;
      suffix.append('x');
    }
    return candidate;
  }

  private static String cut(String text, int length) {
    return text.length() <= length ? text : text.substring(0, length);
  }
}

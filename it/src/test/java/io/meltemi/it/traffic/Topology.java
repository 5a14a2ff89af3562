package io.meltemi.it.traffic;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The pods, services and nodes of a world, and the Kubernetes objects that tell of them. */
final class Topology {
  static final String HEADLESS = "None";
  private static final String ROLE = "mx-role";
  private final Map<String, Object> root;
  private final String network;
  private final Map<String, Pod> pods = new LinkedHashMap<>();
  private final Map<String, Pod> certified = new LinkedHashMap<>();

  /**
   * A pod.
   *
   * @param kind {@code sidecar}, {@code plain}, {@code gateway}, {@code waypoint} or {@code
   *     external}
   * @param certified its proxy has a workload certificate
   */
  record Pod(
      String name,
      String ip,
      String namespace,
      String serviceAccount,
      String node,
      String kind,
      boolean certified,
      Map<String, String> labels) {
    boolean proxied() {
      return kind.equals("sidecar") || kind.equals("gateway") || isWaypoint();
    }

    boolean isWaypoint() {
      return kind.equals("waypoint");
    }

    /** It has a proxy and no application. */
    boolean isProxyOnly() {
      return kind.equals("gateway") || isWaypoint();
    }

    /** Tunnels to it end beside it. */
    boolean takesTunnels() {
      return "http".equals(labels.get("networking.istio.io/tunnel"));
    }
  }

  /**
   * @param network the first three numbers of every address, {@code 127.A.B}
   */
  Topology(String yaml, String network) {
    this.root = Expectation.map(TrafficCase.load(yaml).getFirst());
    this.network = network;
    Expectation.map(root.get("workloads"))
        .forEach((name, written) -> pods.put(name, pod(name, written)));
    Expectation.map(root.get("certified"))
        .forEach((name, written) -> certified.put(name, pod(name, written, true)));
  }

  /** A pod as topology and cases write it. */
  Pod pod(String name, Object written) {
    return pod(name, written, false);
  }

  private Pod pod(String name, Object written, boolean certificate) {
    Map<String, Object> terms = Expectation.map(written);
    Map<String, String> labels = new LinkedHashMap<>();
    Expectation.map(terms.get("labels")).forEach((k, v) -> labels.put(k, v.toString()));
    return new Pod(
        name,
        network + "." + terms.get("n"),
        text(terms, "ns", ""),
        text(terms, "sa", "default"),
        text(terms, "node", "node-a"),
        text(terms, "kind", "plain"),
        certificate,
        labels);
  }

  private static String text(Map<String, Object> terms, String name, String otherwise) {
    return terms.getOrDefault(name, otherwise).toString();
  }

  Map<String, Pod> pods() {
    return pods;
  }

  /** Those that only cases with certificates have. */
  Map<String, Pod> certified() {
    return certified;
  }

  Pod pod(String name) {
    return Optional.ofNullable(pods.getOrDefault(name, certified.get(name)))
        .orElseThrow(() -> new IllegalArgumentException("no pod " + name));
  }

  /** An address of this world that no pod has: connections to it are refused. */
  String free(int number) {
    return network + "." + (200 + number);
  }

  /** Ports of applications, by what they speak. */
  Map<Integer, String> applicationPorts() {
    Map<Integer, String> ports = new LinkedHashMap<>();
    Expectation.map(root.get("app"))
        .forEach((port, kind) -> ports.put(Integer.valueOf(port), kind.toString()));
    return ports;
  }

  /** Gateway ports by where they are served. */
  Map<Integer, Integer> gatewayPorts() {
    Map<Integer, Integer> ports = new LinkedHashMap<>();
    for (Object port : Expectation.list(root.get("gateway"))) {
      Map<String, Object> terms = Expectation.map(port);
      ports.put((Integer) terms.get("port"), (Integer) terms.get("targetPort"));
    }
    return ports;
  }

  /** The virtual address of {@code service.namespace}. */
  Optional<String> vip(String service) {
    return Optional.ofNullable(Expectation.map(services().get(service)).get("vip"))
        .map(Object::toString);
  }

  /** What DNS of the cluster says: a virtual address, or of a headless service a pod's. */
  Optional<String> address(String name, Map<String, Pod> all, Map<String, Object> more) {
    Map<String, Object> known = new LinkedHashMap<>(services());
    known.putAll(more);
    Map<String, Object> service = Expectation.map(known.get(name));
    if (service.containsKey("vip") && !service.get("vip").equals(HEADLESS)) {
      return Optional.of(service.get("vip").toString());
    }
    if (known.containsKey(name)) {
      return selected(service, all).stream().map(Pod::ip).findFirst();
    }
    int dot = name.indexOf('.');
    Pod pod = dot < 0 ? null : all.get(name.substring(0, dot));
    return pod != null && known.containsKey(name.substring(dot + 1))
        ? Optional.of(pod.ip())
        : Optional.empty();
  }

  /** The pod that names below {@code localhost} lead to too. */
  String onLocalhost() {
    return text(root, "localhost", "");
  }

  /** What the agent of a pod says of it beside what every agent says. */
  Map<String, Object> metadata(Pod pod) {
    return Expectation.map(
        Expectation.map(
                Expectation.map(root.get(pod.certified() ? "certified" : "workloads"))
                    .get(pod.name()))
            .get("metadata"));
  }

  /** Whether it is no pod to Kubernetes, but says itself which WorkloadGroup it is of. */
  private boolean registers(Pod pod) {
    return metadata(pod).containsKey("AUTO_REGISTER_GROUP");
  }

  /** The address a name outside has. */
  Optional<String> outside(String name) {
    return Optional.ofNullable(Expectation.map(root.get("dns")).get(name))
        .map(pod -> pod(pod.toString()).ip());
  }

  private Map<String, Object> services() {
    return Expectation.map(root.get("services"));
  }

  private List<Map<String, Object>> ports(Map<String, Object> service) {
    Object written = service.getOrDefault("ports", "ports");
    List<Map<String, Object>> ports = new ArrayList<>();
    for (Object port :
        Expectation.list(written instanceof String name ? root.get(name) : written)) {
      ports.add(Expectation.map(port));
    }
    return ports;
  }

  /** Where a caller without a sidecar gets by kube-proxy; empty for what is no service's. */
  List<String> behind(String vip, int port, Map<String, Pod> all, Map<String, Object> more) {
    List<String> addresses = new ArrayList<>();
    Map<String, Object> known = new LinkedHashMap<>(services());
    known.putAll(more);
    known
        .values()
        .forEach(
            written -> {
              Map<String, Object> service = Expectation.map(written);
              if (vip.equals(service.get("vip"))) {
                for (Map<String, Object> each : ports(service)) {
                  if (Integer.valueOf(port).equals(each.get("port"))) {
                    for (Pod pod : selected(service, all)) {
                      addresses.add(pod.ip() + ":" + each.get("targetPort"));
                    }
                  }
                }
              }
            });
    return addresses;
  }

  private static List<Pod> selected(Map<String, Object> service, Map<String, Pod> all) {
    Map<String, Object> selector = Expectation.map(service.get("selector"));
    return all.values().stream()
        .filter(pod -> !pod.kind().equals("external"))
        .filter(pod -> pod.labels().entrySet().containsAll(selector.entrySet()))
        .toList();
  }

  /** Everything but pods and endpoints, and what makes a proxy be told of captured connections. */
  String standing() {
    StringBuilder yaml = new StringBuilder();
    Expectation.map(root.get("namespaces"))
        .forEach(
            (name, labels) ->
                yaml.append(
                    "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: %s, labels: %s}\n"
                        .formatted(name, Json.write(labels))));
    Expectation.map(root.get("nodes"))
        .forEach(
            (name, labels) ->
                yaml.append(
                    "---\napiVersion: v1\nkind: Node\nmetadata: {name: %s, labels: %s}\n"
                        .formatted(name, Json.write(labels))));
    services()
        .forEach(
            (name, written) -> {
              Map<String, Object> service = Expectation.map(written);
              String[] parts = name.split("\\.");
              yaml.append(
                  """
                  ---
                  apiVersion: v1
                  kind: Service
                  metadata: {name: %s, namespace: %s}
                  spec: {clusterIP: %s, selector: %s, ports: %s}
                  """
                      .formatted(
                          parts[0],
                          parts[1],
                          service.get("vip"),
                          Json.write(service.get("selector")),
                          Json.write(ports(service))));
            });
    yaml.append(
        """
        ---
        apiVersion: security.istio.io/v1
        kind: PeerAuthentication
        metadata: {name: default, namespace: istio-system}
        spec: {mtls: {mode: DISABLE}}
        ---
        apiVersion: security.istio.io/v1
        kind: PeerAuthentication
        metadata: {name: certified, namespace: sec}
        spec: {mtls: {mode: PERMISSIVE}}
        ---
        apiVersion: networking.istio.io/v1
        kind: WorkloadGroup
        metadata: {name: machines, namespace: sec}
        spec:
          metadata: {labels: {tier: group}, annotations: {owner: suite}}
          template: {serviceAccount: machine, ports: {http: 8081}, labels: {tier: template, os: linux}}
        ---
        apiVersion: networking.istio.io/v1alpha3
        kind: EnvoyFilter
        metadata: {name: capture, namespace: istio-system}
        spec:
          priority: -1000
          configPatches:
          - applyTo: LISTENER_FILTER
            match: {context: SIDECAR_OUTBOUND, listener: {name: virtualOutbound, listenerFilter: envoy.filters.listener.original_dst}}
            patch: {operation: REMOVE}
          - applyTo: LISTENER_FILTER
            match: {context: SIDECAR_INBOUND, listener: {name: virtualInbound, listenerFilter: envoy.filters.listener.original_dst}}
            patch: {operation: REMOVE}
        """);
    for (String context : List.of("OUTBOUND", "INBOUND")) {
      yaml.append(
          """
            - applyTo: LISTENER_FILTER
              match: {context: SIDECAR_%s, listener: {name: virtual%s}}
              patch:
                operation: INSERT_FIRST
                value:
                  name: envoy.filters.listener.proxy_protocol
                  typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol}
          """
              .formatted(
                  context,
                  context.charAt(0) + context.substring(1).toLowerCase(java.util.Locale.ROOT)));
    }
    for (Map<String, Pod> some : List.of(pods, certified)) {
      for (Pod pod : some.values()) {
        if (pod.kind().equals("sidecar")) {
          yaml.append(ownAddress(pod));
        }
      }
    }
    return yaml.toString();
  }

  /** Sidecars share this machine: each has the well-known ports at its pod's address. */
  private static String ownAddress(Pod pod) {
    StringBuilder yaml =
        new StringBuilder(
            """
            ---
            apiVersion: networking.istio.io/v1alpha3
            kind: EnvoyFilter
            metadata: {name: address-%s, namespace: %s}
            spec:
              priority: -1000
              workloadSelector: {labels: {app: %s, version: %s}}
              configPatches:
            """
                .formatted(
                    pod.name(),
                    pod.namespace(),
                    pod.labels().get("app"),
                    pod.labels().get("version")));
    for (String direction : List.of("Outbound", "Inbound")) {
      yaml.append(
          """
            - applyTo: LISTENER
              match: {context: SIDECAR_%s, listener: {name: virtual%s}}
              patch: {operation: MERGE, value: {address: {socket_address: {address: %s}}}}
          """
              .formatted(direction.toUpperCase(java.util.Locale.ROOT), direction, pod.ip()));
    }
    return yaml.toString();
  }

  /**
   * Pods and the endpoints of their services.
   *
   * @param more services of a case
   * @param without {@code service.namespace/pod} that are no endpoints for now
   * @param unready pods that are there but not ready
   */
  String endpoints(
      Map<String, Pod> all, Map<String, Object> more, Set<String> without, Set<String> unready) {
    Map<String, Object> known = new LinkedHashMap<>(services());
    known.putAll(more);
    StringBuilder yaml = new StringBuilder();
    for (Pod pod : all.values()) {
      if (pod.kind().equals("external") || registers(pod)) {
        continue;
      }
      Map<String, String> labels = new LinkedHashMap<>(pod.labels());
      if (pod.kind().equals("gateway")) {
        labels.put(ROLE, "gateway");
      }
      yaml.append(
          """
          ---
          apiVersion: v1
          kind: Pod
          metadata: {name: %s, namespace: %s, labels: %s}
          spec: {serviceAccountName: %s, nodeName: %s, containers: [{name: app, image: echo}]}
          status: {phase: Running, podIP: %s, conditions: [{type: Ready, status: "%s"}]}
          """
              .formatted(
                  pod.name(),
                  pod.namespace(),
                  Json.write(labels),
                  pod.serviceAccount(),
                  pod.node(),
                  pod.ip(),
                  unready.contains(pod.name()) ? "False" : "True"));
    }
    known.forEach(
        (name, written) -> {
          Map<String, Object> service = Expectation.map(written);
          List<Object> endpoints = new ArrayList<>();
          for (Pod pod : selected(service, all)) {
            if (!without.contains(name + "/" + pod.name())) {
              endpoints.add(endpoint(pod, !unready.contains(pod.name())));
            }
          }
          String[] parts = name.split("\\.");
          yaml.append(
              """
                  ---
                  apiVersion: discovery.k8s.io/v1
                  kind: EndpointSlice
                  metadata: {name: %1$s-1, namespace: %2$s, labels: {kubernetes.io/service-name: %1$s}}
                  addressType: IPv4
                  endpoints: %3$s
                  ports: %4$s
                  """
                  .formatted(
                      parts[0],
                      parts[1],
                      Json.write(endpoints),
                      Json.write(slicePorts(ports(service)))));
        });
    return yaml.toString();
  }

  private static List<Object> slicePorts(List<Map<String, Object>> ports) {
    List<Object> all = new ArrayList<>();
    for (Map<String, Object> port : ports) {
      all.add(Map.of("name", port.get("name"), "port", port.get("targetPort"), "protocol", "TCP"));
    }
    return all;
  }

  private static Map<String, Object> endpoint(Pod pod, boolean ready) {
    return Map.of(
        "addresses",
        List.of(pod.ip()),
        "conditions",
        Map.of("ready", ready, "serving", ready, "terminating", false),
        "nodeName",
        pod.node(),
        "targetRef",
        Map.of("kind", "Pod", "name", pod.name(), "namespace", pod.namespace()));
  }

  /** Where a gateway's ports are served, as its proxy is told. */
  String gatewayPlacement(Pod pod) {
    Map<String, Object> places = new LinkedHashMap<>();
    gatewayPorts().forEach((port, at) -> places.put(port.toString(), pod.ip() + ":" + at));
    return Json.write(Map.of("gateway", places));
  }

  /** Region and zone of a node. */
  List<String> locality(String node) {
    Map<String, Object> labels = Expectation.map(Expectation.map(root.get("nodes")).get(node));
    return List.of(
        text(labels, "topology.kubernetes.io/region", ""),
        text(labels, "topology.kubernetes.io/zone", ""));
  }
}

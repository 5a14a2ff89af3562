package io.meltemi.controlplane.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.common.net.Locality;
import io.meltemi.config.traffic.Protocol;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.push.WorldChange;
import io.meltemi.controlplane.testing.YamlWorld;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ServiceRegistryTest {
  private static final ServiceKey REVIEWS =
      new ServiceKey("reviews.default.svc.cluster.local", "default");

  private static final String SERVICE =
      """
      apiVersion: v1
      kind: Service
      metadata: {name: reviews, namespace: default}
      spec:
        clusterIP: 10.96.0.1
        selector: {app: reviews}
        ports:
        - {name: http, port: 9080, targetPort: web}
        - {name: admin, port: 8000, targetPort: 8001}
      """;

  private static final String POD =
      """
      apiVersion: v1
      kind: Pod
      metadata:
        name: reviews-v1-abc-x
        namespace: default
        labels: {app: reviews, version: v1, pod-template-hash: abc}
        ownerReferences:
        - {apiVersion: apps/v1, kind: ReplicaSet, name: reviews-v1-abc, controller: true, uid: u}
      spec:
        nodeName: node-1
        serviceAccountName: bookinfo-reviews
        containers:
        - {name: app, image: app, ports: [{name: web, containerPort: 9090}]}
      status:
        phase: Running
        podIP: 10.0.0.4
        conditions: [{type: Ready, status: 'True'}]
      """;

  private static final String NODE =
      """
      apiVersion: v1
      kind: Node
      metadata:
        name: node-1
        labels: {topology.kubernetes.io/region: eu, topology.kubernetes.io/zone: eu-1}
      """;

  private static String slice(String name, String address, String conditions, String pod) {
    return """
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata:
          name: %s
          namespace: default
          labels: {kubernetes.io/service-name: reviews}
        addressType: IPv4
        ports:
        - {name: http, port: 9090, protocol: TCP}
        - {name: unknown, port: 1, protocol: TCP}
        endpoints:
        - addresses: [%s]
          conditions: %s
          targetRef: {kind: Pod, name: %s, namespace: default}
        """
        .formatted(name, address, conditions, pod);
  }

  private static List<String> addresses(PushContext context, ServiceKey service) {
    return context.endpoints().endpoints(service).stream()
        .map(e -> e.servicePortName() + " " + e.address() + ":" + e.port() + " " + e.health())
        .toList();
  }

  @Test
  void whatEndsIsKeptForSessionsThatStick() {
    String labelled =
        SERVICE.replaceFirst(
            "namespace: default", "namespace: default, labels: {istio.io/persistent-session: c}");
    String ends = slice("s1", "10.0.0.4", "{ready: false, serving: true, terminating: true}", "a");
    String over = slice("s2", "10.0.0.5", "{ready: false, serving: false, terminating: true}", "b");
    assertEquals(
        List.of("http 10.0.0.4:9090 DRAINING"),
        addresses(YamlWorld.of(String.join("---\n", labelled, ends, over)), REVIEWS));
    assertEquals(
        List.of(), addresses(YamlWorld.of(String.join("---\n", SERVICE, ends, over)), REVIEWS));
  }

  @Test
  void endpointsComeFromSlicesAndTheirPods() {
    PushContext context =
        YamlWorld.of(
            String.join(
                "---\n",
                SERVICE,
                POD,
                NODE,
                slice("s1", "10.0.0.4", "{ready: true}", "reviews-v1-abc-x"),
                slice("s2", "10.0.0.5", "{ready: false, terminating: false}", "gone"),
                slice("s4", "10.0.0.7", "{ready: false}", "gone"),
                slice("s3", "10.0.0.6", "{ready: false, terminating: true}", "gone")));
    assertEquals(
        List.of("http 10.0.0.4:9090 HEALTHY", "http 10.0.0.5:9090 UNHEALTHY"),
        addresses(context, REVIEWS));
    ServiceEndpoint endpoint = context.endpoints().endpoints(REVIEWS).getFirst();
    assertEquals(new Locality("eu", "eu-1", ""), endpoint.locality());
    assertEquals("reviews-v1", endpoint.workload().name());
    assertEquals("bookinfo-reviews", endpoint.workload().serviceAccount());
    assertEquals("v1", endpoint.labels().get("version", ""));
    assertEquals("eu", endpoint.labels().get("topology.kubernetes.io/region", ""));
  }

  @Test
  void withoutSlicesThePodsThatAServiceSelectsServeIt() {
    PushContext context = YamlWorld.of(SERVICE + "---\n" + POD);
    assertEquals(
        List.of("admin 10.0.0.4:8001 HEALTHY", "http 10.0.0.4:9090 HEALTHY"),
        addresses(context, REVIEWS));
  }

  @Test
  void writtenEndpointsServeAServiceWithoutSlices() {
    PushContext context =
        YamlWorld.of(
            SERVICE
                + """
                ---
                apiVersion: v1
                kind: Endpoints
                metadata: {name: reviews, namespace: default}
                subsets:
                - addresses: [{ip: 10.0.0.9}]
                  notReadyAddresses: [{ip: 10.0.0.8}]
                  ports: [{name: http, port: 80}]
                """);
    assertEquals(
        List.of("http 10.0.0.8:80 UNHEALTHY", "http 10.0.0.9:80 HEALTHY"),
        addresses(context, REVIEWS));
  }

  @Test
  void kindsOfKubernetesServices() {
    PushContext context =
        YamlWorld.of(
            """
            apiVersion: v1
            kind: Service
            metadata: {name: headless, namespace: default}
            spec: {clusterIP: None, ports: [{name: tcp, port: 1}]}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: alias, namespace: default}
            spec: {type: ExternalName, externalName: example.com, ports: [{name: http, port: 80}]}
            ---
            apiVersion: v1
            kind: Service
            metadata:
              name: private
              namespace: default
              annotations: {networking.istio.io/exportTo: '.'}
            spec: {clusterIP: 10.96.0.3, ports: [{port: 3306}]}
            """);
    MeshService headless = service(context, "headless");
    assertEquals(Resolution.PASSTHROUGH, headless.resolution());
    assertTrue(headless.headless());
    assertEquals("0.0.0.0", headless.defaultAddress(false));
    MeshService alias = service(context, "alias");
    assertEquals(Resolution.ALIAS, alias.resolution());
    assertEquals("example.com", alias.attributes().externalName());
    MeshService hidden = service(context, "private");
    assertEquals(new ExportTo(false, Set.of("default")), hidden.exportTo());
    assertEquals(Protocol.TCP, hidden.ports().getFirst().protocol());
  }

  private static MeshService service(PushContext context, String name) {
    return context
        .service(new ServiceKey(name + ".default.svc.cluster.local", "default"))
        .orElseThrow();
  }

  @Test
  void serviceEntriesTakeWrittenEndpointsSelectedWorkloadsOrTheirOwnName() {
    PushContext context =
        YamlWorld.of(
            """
            apiVersion: networking.istio.io/v1
            kind: ServiceEntry
            metadata: {name: written, namespace: default}
            spec:
              hosts: [written.example.com]
              resolution: STATIC
              ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}]
              endpoints:
              - {address: 10.1.0.1, weight: 3}
              - {address: 10.1.0.2, ports: {http: 9090}}
              - {address: 'unix:///run/x'}
            ---
            apiVersion: networking.istio.io/v1
            kind: ServiceEntry
            metadata: {name: selected, namespace: default}
            spec:
              hosts: [Selected.example.com]
              location: MESH_INTERNAL
              resolution: STATIC
              ports: [{number: 80, name: http, protocol: HTTP}]
              workloadSelector: {labels: {app: vm}}
            ---
            apiVersion: networking.istio.io/v1
            kind: WorkloadEntry
            metadata: {name: vm1, namespace: default}
            spec: {address: 10.2.0.1, labels: {app: vm}, serviceAccount: vm}
            ---
            apiVersion: networking.istio.io/v1
            kind: WorkloadEntry
            metadata: {name: other, namespace: default}
            spec: {address: 10.2.0.2, labels: {app: other}}
            ---
            apiVersion: networking.istio.io/v1
            kind: ServiceEntry
            metadata: {name: name, namespace: default}
            spec:
              hosts: [a.example.com, b.example.com]
              resolution: DNS
              ports: [{number: 443, name: tls, protocol: TLS}]
            """);
    assertEquals(
        List.of(
            "http 10.1.0.1:8080 UNKNOWN",
            "http 10.1.0.2:9090 UNKNOWN",
            "http unix:///run/x:0 UNKNOWN"),
        addresses(context, new ServiceKey("written.example.com", "default")));
    assertEquals(
        List.of("http 10.2.0.1:80 UNKNOWN"),
        addresses(context, new ServiceKey("selected.example.com", "default")));
    assertEquals(
        List.of("tls b.example.com:443 UNKNOWN"),
        addresses(context, new ServiceKey("b.example.com", "default")));
  }

  @Test
  void onlyTouchedServicesAreReported() {
    YamlWorld world = new YamlWorld().write("service.yaml", SERVICE).write("node.yaml", NODE);
    WorldChange first = world.next().change();
    assertEquals(Set.of(REVIEWS), first.services());

    WorldChange pod = world.write("pod.yaml", POD).next().change();
    assertTrue(pod.endpointsOnly());
    assertEquals(Set.of(REVIEWS), pod.endpoints());

    String ready = slice("s1", "10.0.0.4", "{ready: true}", "reviews-v1-abc-x");
    assertEquals(Set.of(REVIEWS), world.write("slice.yaml", ready).next().change().endpoints());
    assertTrue(world.write("slice.yaml", ready).next().change().isEmpty());

    // another pod that nothing selects or names
    String other =
        POD.replace("app: reviews", "app: other").replace("name: reviews-v1-abc-x", "name: o");
    assertTrue(world.write("other.yaml", other).next().change().isEmpty());

    WorldChange moved = world.write("node.yaml", NODE.replace("eu-1", "eu-2")).next().change();
    assertEquals(Set.of(REVIEWS), moved.endpoints());

    WorldChange gone = world.write("service.yaml", "").next().change();
    assertEquals(Set.of(REVIEWS), gone.services());
    assertEquals(List.of(), world.context().services());
  }

  @Test
  void aKubernetesServiceWinsOverAServiceEntryOfItsName() {
    String entry =
        """
        apiVersion: networking.istio.io/v1
        kind: ServiceEntry
        metadata: {name: squatter, namespace: default, creationTimestamp: '2000-01-01T00:00:00Z'}
        spec:
          hosts: [reviews.default.svc.cluster.local]
          resolution: STATIC
          ports: [{number: 80, name: http, protocol: HTTP}]
        """;
    YamlWorld world = new YamlWorld().write("a.yaml", entry).write("b.yaml", SERVICE);
    assertEquals(
        MeshService.Source.KUBERNETES,
        world.context().service(REVIEWS).orElseThrow().attributes().source());
    assertEquals(
        MeshService.Source.SERVICE_ENTRY,
        world.write("b.yaml", "").context().service(REVIEWS).orElseThrow().attributes().source());
  }
}

package io.meltemi.controlplane.translate;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.envoyproxy.envoy.config.core.v3.Node;
import io.meltemi.common.validation.Origin;
import io.meltemi.config.store.Problem;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.testing.YamlWorld;
import io.meltemi.controlplane.translate.listener.ListenerGenerator;
import io.meltemi.controlplane.translate.route.RouteGenerator;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What cannot be honoured is told with resource and field. */
class TranslationProblemsTest {

  @Test
  void rulesWithoutEffectAreNamed() {
    assertEquals(
        List.of(
            "warning: world.yaml:8:1: spec.http[0].delegate: found default/nobody (expected: a"
                + " VirtualService without hosts that is exported to default) in VirtualService"
                + " default/one",
            "warning: world.yaml:16:1: spec.http[0].match: found a match that does not narrow one of"
                + " VirtualService default/one (expected: a part of what is delegated to it; the"
                + " route is left out) in VirtualService default/part",
            "warning: world.yaml:23:1: spec.hosts[0]: found web.default.svc.cluster.local (expected:"
                + " a host of one VirtualService of the mesh; sidecars follow VirtualService"
                + " default/one) in VirtualService default/two",
            "warning: world.yaml:23:1: spec.http[0].redirect.redirectCode: found 304 (expected: 301,"
                + " 302, 303, 307 or 308; the route is left out) in VirtualService default/two"),
        problems(
            """
            apiVersion: v1
            kind: Service
            metadata: {name: web, namespace: default}
            spec: {clusterIP: 10.96.0.1, ports: [{name: http, port: 80}]}
            ---
            # a comment
            ---
            apiVersion: networking.istio.io/v1
            kind: VirtualService
            metadata: {name: one, namespace: default}
            spec:
              hosts: [web]
              http: [{delegate: {name: nobody}}, {match: [{uri: {prefix: /a}}], delegate: {name: part}},
                {route: [{destination: {host: web}}]}]
            ---
            apiVersion: networking.istio.io/v1
            kind: VirtualService
            metadata: {name: part, namespace: default}
            spec:
              http:
              - {match: [{uri: {prefix: /b}}], route: [{destination: {host: web}}]}
            ---
            apiVersion: networking.istio.io/v1
            kind: VirtualService
            metadata: {name: two, namespace: default}
            spec:
              hosts: [web]
              http: [{redirect: {uri: /x, redirectCode: 304}}]
            """));
  }

  @Test
  void serverNamesThatAnOlderRuleHasAreNamed() {
    assertEquals(
        List.of(
            "warning: world.yaml:15:1: spec.tls[0].match[0].sniHosts: found a.example.com (expected:"
                + " a name that no rule before it has; it goes where VirtualService default/one"
                + " says) in VirtualService default/two"),
        problems(
            """
            apiVersion: networking.istio.io/v1
            kind: Gateway
            metadata: {name: g, namespace: default}
            spec:
              selector: {istio: ingressgateway}
              servers:
              - {port: {number: 443, name: tls, protocol: TLS}, hosts: ["*"], tls: {mode: PASSTHROUGH}}
            ---
            apiVersion: networking.istio.io/v1
            kind: VirtualService
            metadata: {name: one, namespace: default}
            spec: {hosts: ["*.example.com"], gateways: [g], tls: [{match: [{sniHosts: [a.example.com]}],
              route: [{destination: {host: x, port: {number: 443}}}]}]}
            ---
            apiVersion: networking.istio.io/v1
            kind: VirtualService
            metadata: {name: two, namespace: default}
            spec: {hosts: ["*.example.com"], gateways: [g], tls: [{match: [{sniHosts: [a.example.com]}],
              route: [{destination: {host: y, port: {number: 443}}}]}]}
            """));
  }

  private static List<String> problems(String yaml) {
    PushContext context = YamlWorld.of(yaml);
    List<Problem> problems = new ArrayList<>(context.problems());
    problems.addAll(new RouteGenerator().problems(context));
    problems.addAll(new ListenerGenerator().problems(gateway(), context));
    return problems.stream().map(Problem::toString).toList();
  }

  private static ProxyNode gateway() {
    com.google.protobuf.Value label =
        com.google.protobuf.Value.newBuilder().setStringValue("ingressgateway").build();
    com.google.protobuf.Struct labels =
        com.google.protobuf.Struct.newBuilder().putFields("istio", label).build();
    return ProxyNode.parse(
            Node.newBuilder()
                .setId("router~10.0.0.1~g.istio-system~istio-system.svc.cluster.local")
                .setMetadata(
                    com.google.protobuf.Struct.newBuilder()
                        .putFields(
                            "LABELS",
                            com.google.protobuf.Value.newBuilder().setStructValue(labels).build()))
                .build(),
            Origin.of("test"))
        .orElseThrow();
  }
}

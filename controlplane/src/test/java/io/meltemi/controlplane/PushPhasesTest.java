package io.meltemi.controlplane;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.meltemi.common.time.Ticker;
import io.meltemi.config.store.ConfigSnapshot;
import io.meltemi.controlplane.push.GeneratedResource;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.push.PushEvents;
import io.meltemi.controlplane.push.PushRequest;
import io.meltemi.controlplane.push.ResourceGenerator;
import io.meltemi.controlplane.push.View;
import io.meltemi.controlplane.push.Views;
import io.meltemi.testing.FakeTicker;
import io.meltemi.xds.client.XdsClientSettings.Variant;
import io.meltemi.xds.resource.TypeUrl;
import io.meltemi.xds.server.Sent;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Time that passes in one phase of a push is told of that phase. */
class PushPhasesTest {
  private static final String SERVICE =
      """
      apiVersion: v1
      kind: Service
      metadata: {name: reviews, namespace: default}
      spec:
        clusterIP: 10.1.0.1
        ports: [{name: http, port: 9080}]
      """;

  private static final String ROUTE =
      """
      apiVersion: networking.istio.io/v1
      kind: VirtualService
      metadata: {name: reviews, namespace: default}
      spec:
        hosts: [reviews]
        http: [{route: [{destination: {host: reviews}}]}]
      """;

  private final FakeTicker clock = new FakeTicker();
  private final Map<String, List<Duration>> phases = new TreeMap<>();
  private Duration translating = Duration.ZERO;
  private Duration sending = Duration.ZERO;
  private Duration answering = Duration.ZERO;

  private final class Times implements PushEvents {
    private void add(String phase, Duration took) {
      phases.computeIfAbsent(phase, _ -> new ArrayList<>()).add(took);
    }

    @Override
    public void triggered(PushRequest request, Duration debounce) {
      add("debounce", debounce);
    }

    @Override
    public void built(PushContext context, ConfigSnapshot snapshot, Duration took) {
      add("world", took);
    }

    @Override
    public void generated(TypeUrl type, int resources, Duration translated, Duration encoding) {
      add("translation", translated);
      add("encoding", encoding);
    }

    @Override
    public void pushed(TypeUrl type, Sent sent) {
      add("difference", Duration.ofNanos(sent.times().differenceNanos()));
      add("sending", Duration.ofNanos(sent.times().writingNanos()));
    }

    @Override
    public void answered(TypeUrl type, Duration after) {
      add("answer", after);
    }
  }

  /** A generator for which time passes. */
  private final class Slow implements ResourceGenerator {
    private final ResourceGenerator generator;

    Slow(ResourceGenerator generator) {
      this.generator = generator;
    }

    @Override
    public TypeUrl type() {
      return generator.type();
    }

    @Override
    public List<View> views(ProxyNode node, Views views) {
      return generator.views(node, views);
    }

    @Override
    public List<GeneratedResource> generate(
        View view, PushContext context, Collection<String> names) {
      clock.advance(translating);
      return generator.generate(view, context, names);
    }
  }

  /** A wire on which time passes. */
  private final class SlowWire implements ServerInterceptor {
    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
      ServerCall<Q, R> slow =
          new SimpleForwardingServerCall<>(call) {
            @Override
            public void sendMessage(R message) {
              clock.advance(sending);
              super.sendMessage(message);
            }
          };
      return new SimpleForwardingServerCallListener<>(next.startCall(slow, headers)) {
        @Override
        public void onMessage(Q message) {
          clock.advance(answering);
          super.onMessage(message);
        }
      };
    }
  }

  private PushFixture mesh(Ticker seen) {
    return new PushFixture(
        new Times(),
        clock,
        seen,
        Generators.ALL.stream().<ResourceGenerator>map(Slow::new).toList(),
        Optional.of(new SlowWire()));
  }

  private void connect(PushFixture mesh) {
    mesh.write("service.yaml", SERVICE);
    mesh.write("route.yaml", ROUTE);
    mesh.proxy(Variant.DELTA);
    phases.clear();
  }

  /** A push of one route. */
  private void pushRoute(PushFixture mesh) {
    mesh.write("route.yaml", ROUTE.replace("http: [{", "http: [{timeout: 1s, "));
  }

  @Test
  void theLongestPhasesAreToldApart() {
    try (PushFixture mesh = mesh(clock)) {
      connect(mesh);
      translating = Duration.ofMillis(3);
      sending = Duration.ofMillis(7);
      pushRoute(mesh);
    }
    assertEquals(List.of(Duration.ofMillis(100)), phases.get("debounce"));
    assertEquals(List.of(Duration.ofMillis(7)), phases.get("sending"));
    assertEquals(Set.of(Duration.ofMillis(3)), Set.copyOf(phases.get("translation")));
    assertEquals(Set.of(Duration.ZERO), Set.copyOf(phases.get("encoding")));
    assertEquals(List.of(Duration.ZERO), phases.get("difference"));
    assertEquals(List.of(Duration.ofMillis(7)), phases.get("answer"), "the wire's part of it");
  }

  @Test
  void anAnswerTakesUntilItIsRead() {
    try (PushFixture mesh = mesh(clock)) {
      connect(mesh);
      answering = Duration.ofMillis(11);
      pushRoute(mesh);
    }
    assertEquals(List.of(Duration.ofMillis(11)), phases.get("answer"));
    assertEquals(List.of(Duration.ZERO), phases.get("sending"));
  }

  /** A clock that moves whenever it is read shows what is measured between two readings. */
  @Test
  void whatIsBetweenTwoReadingsIsNothingElse() {
    Duration step = Duration.ofNanos(1_000);
    Ticker stepping =
        new Ticker() {
          @Override
          public long nanos() {
            clock.advance(step);
            return clock.nanos();
          }

          @Override
          public Instant now() {
            return clock.now();
          }
        };
    try (PushFixture mesh = mesh(stepping)) {
      connect(mesh);
      pushRoute(mesh);
    }
    for (String phase : List.of("translation", "encoding", "difference", "world")) {
      assertEquals(Set.of(step), Set.copyOf(phases.get(phase)), phase);
    }
  }
}

package io.meltemi.controlplane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.meltemi.controlplane.push.GeneratedResource;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.push.PushEvents;
import io.meltemi.controlplane.push.ResourceGenerator;
import io.meltemi.controlplane.push.View;
import io.meltemi.controlplane.push.Views;
import io.meltemi.testing.FakeTicker;
import io.meltemi.xds.client.XdsClientSettings.Variant;
import io.meltemi.xds.resource.TypeUrl;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A push that ends in an Error of ours is not the last one that a proxy gets. */
class PushFailureTest {
  private static final String SERVICE =
      """
      apiVersion: v1
      kind: Service
      metadata: {name: reviews, namespace: default}
      spec: {clusterIP: 10.96.0.1, ports: [{name: tcp, port: %d}]}
      """;

  private final FakeTicker clock = new FakeTicker();
  private boolean broken;
  private final PushFixture mesh =
      new PushFixture(
          new PushEvents() {},
          clock,
          clock,
          Generators.ALL.stream().<ResourceGenerator>map(Brittle::new).toList(),
          Optional.empty());

  /** Makes listeners unless it is broken. */
  private final class Brittle implements ResourceGenerator {
    private final ResourceGenerator generator;

    Brittle(ResourceGenerator generator) {
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
      if (broken && type().equals(TypeUrl.LISTENER)) {
        throw new StackOverflowError("of a test");
      }
      return generator.generate(view, context, names);
    }
  }

  @AfterEach
  void stop() {
    mesh.close();
  }

  @Test
  void theNextChangeIsPushed() {
    mesh.write("service.yaml", SERVICE.formatted(9080));
    TestProxy proxy = mesh.proxy(Variant.DELTA);
    broken = true;
    assertThrows(
        StackOverflowError.class, () -> mesh.write("service.yaml", SERVICE.formatted(9081)));
    broken = false;
    proxy.drain();
    mesh.write("service.yaml", SERVICE.formatted(9082));
    assertEquals(1, proxy.count("lds +10.96.0.1_9082"), () -> "received: " + proxy.log);
  }
}

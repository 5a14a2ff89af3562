package io.meltemi.controlplane.translate;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.meltemi.controlplane.push.GeneratedResource;
import io.meltemi.controlplane.push.ResourceGenerator;
import io.meltemi.controlplane.testing.RecordedCase;
import io.meltemi.controlplane.testing.RecordedComparison;
import io.meltemi.controlplane.translate.envoyfilter.PatchedGenerator;
import io.meltemi.controlplane.translate.listener.ListenerGenerator;
import io.meltemi.controlplane.translate.route.RouteGenerator;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Generated listeners and routes against those that Istio's control plane gave. */
final class RecordedTranslationTest {
  @Test
  void listenersAreThoseOfIstio() {
    RecordedComparison.run(
        "listeners",
        (recorded, proxy) ->
            differences(
                "listeners", new PatchedGenerator(new ListenerGenerator()), recorded, proxy));
  }

  @Test
  void routesAreThoseOfIstio() {
    RecordedComparison.run(
        "routes",
        (recorded, proxy) ->
            differences("routes", new PatchedGenerator(new RouteGenerator()), recorded, proxy));
  }

  private static List<String> differences(
      String type, ResourceGenerator generator, RecordedCase recorded, RecordedCase.Proxy proxy) {
    Map<String, Value> expected = new TreeMap<>();
    proxy
        .recorded(type)
        .forEach((name, resource) -> expected.put(name, value(RecordedForm.of(resource))));
    Map<String, Value> generated = new TreeMap<>();
    for (GeneratedResource resource :
        generator.all(proxy.node(), recorded.world(), expected.keySet())) {
      generated.put(resource.name(), value(RecordedForm.of(resource.body())));
    }
    Set<String> names = new TreeSet<>(expected.keySet());
    names.addAll(generated.keySet());
    List<String> differences = new ArrayList<>();
    for (String name : names) {
      RecordedForm.difference(
              name,
              expected.getOrDefault(name, Value.getDefaultInstance()),
              generated.getOrDefault(name, Value.getDefaultInstance()))
          .ifPresent(differences::add);
    }
    return differences;
  }

  private static Value value(Struct struct) {
    return Value.newBuilder().setStructValue(struct).build();
  }
}

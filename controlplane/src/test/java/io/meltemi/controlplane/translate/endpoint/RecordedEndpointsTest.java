package io.meltemi.controlplane.translate.endpoint;

import static io.meltemi.controlplane.testing.RecordedComparison.field;

import com.google.protobuf.Struct;
import io.meltemi.controlplane.push.GeneratedResource;
import io.meltemi.controlplane.testing.RecordedCase;
import io.meltemi.controlplane.testing.RecordedComparison;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Endpoints against those that the reference control plane made of the same configuration. */
class RecordedEndpointsTest {

  @Test
  void sameEndpointsAsRecorded() {
    RecordedComparison.run("endpoints", RecordedEndpointsTest::differences);
  }

  private static List<String> differences(RecordedCase recorded, RecordedCase.Proxy proxy) {
    Map<String, Struct> expected = proxy.recorded("endpoints");
    Map<String, Struct> ours = new TreeMap<>();
    for (GeneratedResource resource :
        new EndpointGenerator().all(proxy.node(), recorded.world(), expected.keySet())) {
      ours.put(resource.name(), RecordedCase.json(resource.body()));
    }
    return RecordedComparison.compare(
        expected, ours, Map.of("endpoints", assignment -> field(assignment, "endpoints")));
  }
}

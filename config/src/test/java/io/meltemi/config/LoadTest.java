package io.meltemi.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.meltemi.common.time.Ticker;
import io.meltemi.config.resource.ResourceDecoder;
import io.meltemi.config.source.FileSource;
import io.meltemi.config.source.FileSourceSettings;
import io.meltemi.config.store.ConfigStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LoadTest {
  @TempDir private Path directory = Path.of("unset");

  @Test
  void takesThousandsOfDocuments() throws IOException {
    for (int file = 0; file < 20; file++) {
      StringBuilder text = new StringBuilder();
      for (int i = 0; i < 100; i++) {
        String name = "svc-" + file + "-" + i;
        text.append(
            """
            apiVersion: networking.istio.io/v1
            kind: VirtualService
            metadata:
              name: %1$s
              labels: {app: %1$s}
            spec:
              hosts: [%1$s]
              http:
              - match:
                - headers: {end-user: {exact: jason}}
                  uri: {regex: "/a/[0-9]+"}
                route:
                - destination: {host: %1$s, subset: v2}
                timeout: 3s
                retries: {attempts: 3, perTryTimeout: 1s, retryOn: "5xx,503"}
              - route:
                - destination: {host: %1$s, subset: v1}
                  weight: 90
                - destination: {host: %1$s, subset: v2}
                  weight: 10
            ---
            """
                .formatted(name));
      }
      Files.writeString(directory.resolve("f" + file + ".yaml"), text);
    }
    ConfigStore store = new ConfigStore();
    try (FileSource source =
        new FileSource(
            FileSourceSettings.recursive(directory),
            new ResourceDecoder(Kinds.ALL),
            Ticker.system())) {
      source.start(store);
    }
    assertEquals(2_000, store.snapshot().list(Kinds.VIRTUAL_SERVICE).size());
  }
}

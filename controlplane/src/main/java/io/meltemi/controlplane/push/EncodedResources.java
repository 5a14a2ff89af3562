package io.meltemi.controlplane.push;

import com.google.protobuf.Message;
import io.meltemi.xds.resource.EncodedResource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Encodes each resource of a world once, however many proxies get it, and shares the bytes. Belongs
 * to the push thread.
 */
final class EncodedResources {
  private record Key(String name, Message body) {}

  private final Map<Key, EncodedResource> encoded = new HashMap<>();

  List<EncodedResource> encode(List<GeneratedResource> resources) {
    List<EncodedResource> result = new ArrayList<>(resources.size());
    for (GeneratedResource resource : resources) {
      result.add(
          encoded.computeIfAbsent(
              new Key(resource.name(), resource.body()),
              key -> EncodedResource.encode(key.name(), key.body())));
    }
    return result;
  }

  /** The world changed: what was encoded may never be asked for again. */
  void clear() {
    encoded.clear();
  }

  int size() {
    return encoded.size();
  }
}

package io.meltemi.xds.client;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryResponse;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryResponse;
import io.envoyproxy.envoy.service.discovery.v3.Resource;
import io.meltemi.xds.resource.ContentHash;
import io.meltemi.xds.resource.ResourceNames;
import io.meltemi.xds.resource.TypeUrl;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Turns responses of either variant into one form, and finds what no watcher could use. */
final class ResponseReader {
  private static final TypeUrl WRAPPER = TypeUrl.of(Resource.getDescriptor());

  private final TypeUrl type;
  private final List<ReceivedResource> resources = new ArrayList<>();
  private final List<UpdateResult.Rejection> malformed = new ArrayList<>();
  private final Set<String> seen = new HashSet<>();

  private ResponseReader(TypeUrl type) {
    this.type = type;
  }

  static Response read(TypeUrl type, DeltaDiscoveryResponse message) {
    ResponseReader reader = new ResponseReader(type);
    for (int i = 0; i < message.getResourcesCount(); i++) {
      reader.add(i, message.getResources(i));
    }
    return new Response(
        type,
        message.getSystemVersionInfo(),
        message.getNonce(),
        false,
        reader.resources,
        message.getRemovedResourcesList(),
        reader.malformed);
  }

  static Response read(TypeUrl type, DiscoveryResponse message) {
    ResponseReader reader = new ResponseReader(type);
    for (int i = 0; i < message.getResourcesCount(); i++) {
      reader.add(i, message.getResources(i));
    }
    return new Response(
        type,
        message.getVersionInfo(),
        message.getNonce(),
        type.completeInEveryResponse(),
        reader.resources,
        List.of(),
        reader.malformed);
  }

  private void add(int index, Any body) {
    if (body.getTypeUrl().equals(WRAPPER.url())) {
      try {
        add(index, Resource.parseFrom(body.getValue()));
      } catch (InvalidProtocolBufferException e) {
        reject("", index, "not a Resource message: " + e.getMessage());
      }
    } else {
      add(index, "", "", body);
    }
  }

  private void add(int index, Resource resource) {
    if (resource.hasTtl()) {
      reject(resource.getName(), index, "ttl: not supported (expected: unset)");
    } else {
      add(index, resource.getName(), resource.getVersion(), resource.getResource());
    }
  }

  private void add(int index, String givenName, String givenVersion, Any body) {
    String name = givenName.isEmpty() ? ResourceNames.read(body.getValue()).orElse("") : givenName;
    if (!body.getTypeUrl().equals(type.url())) {
      reject(name, index, "type: " + body.getTypeUrl() + " (expected: " + type + ")");
    } else if (name.isEmpty()) {
      reject(name, index, "no name, or not a message (expected: a name in field 1)");
    } else if (!seen.add(name)) {
      reject(name, index, "given twice in one response (expected: unique names)");
    } else {
      String version = givenVersion.isEmpty() ? ContentHash.of(body.getValue()) : givenVersion;
      resources.add(new ReceivedResource(name, version, body));
    }
  }

  private void reject(String name, int index, String message) {
    malformed.add(
        new UpdateResult.Rejection(name.isEmpty() ? "resources[" + index + "]" : name, message));
  }
}

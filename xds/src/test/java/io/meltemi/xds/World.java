package io.meltemi.xds;

import com.google.protobuf.Message;
import io.grpc.Status;
import io.meltemi.xds.resource.EncodedResource;
import io.meltemi.xds.resource.ResourceGroup;
import io.meltemi.xds.resource.TypeUrl;
import io.meltemi.xds.server.DiscoveryBackend;
import io.meltemi.xds.server.DiscoveryConnection;
import io.meltemi.xds.server.DiscoveryServer;
import io.meltemi.xds.server.DiscoveryUpdate;
import io.meltemi.xds.server.Nack;
import io.meltemi.xds.server.ResourceRequest;
import io.meltemi.xds.server.Sent;
import io.meltemi.xds.server.Subscription;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A backend that serves whatever a test puts into it. */
final class World implements DiscoveryBackend {
  final Map<TypeUrl, Map<String, EncodedResource>> resources = new HashMap<>();
  final List<String> log = new ArrayList<>();
  private int version = 1;

  void put(TypeUrl type, String name, Message body) {
    resources
        .computeIfAbsent(type, _ -> new TreeMap<>())
        .put(name, EncodedResource.encode(name, body));
    version++;
  }

  void remove(TypeUrl type, String name) {
    resources.getOrDefault(type, Map.of()).remove(name);
    version++;
  }

  void push(DiscoveryServer server, TypeUrl type) {
    for (DiscoveryConnection connection : List.copyOf(server.connections())) {
      connection
          .subscription(type)
          .ifPresent(
              subscription -> {
                Sent sent = connection.send(type, update(subscription));
                if (sent.response()) {
                  log.add("push " + type.shortName() + " " + changed(sent) + sent.removed());
                }
              });
    }
  }

  private DiscoveryUpdate update(Subscription subscription) {
    return DiscoveryUpdate.of(
        "v" + version,
        List.of(
            ResourceGroup.of(
                resources.getOrDefault(subscription.type(), Map.of()).values().stream()
                    .filter(resource -> subscription.wants(resource.name()))
                    .toList())));
  }

  @Override
  public Status connected(DiscoveryConnection connection) {
    log.add("connected " + connection.node().getId());
    return connection.node().getId().equals("stranger")
        ? Status.PERMISSION_DENIED.withDescription("not from here")
        : Status.OK;
  }

  @Override
  public void requested(
      DiscoveryConnection connection, Subscription subscription, ResourceRequest request) {
    DiscoveryUpdate update = update(subscription).asked(request.names());
    Sent sent =
        connection.send(
            subscription.type(),
            request.everything() && !request.resumed() ? update.withAnswer() : update);
    log.add(
        "request "
            + subscription.type().shortName()
            + (sent.response() ? " " + changed(sent) + sent.removed() : " nothing"));
  }

  @Override
  public void acknowledged(DiscoveryConnection connection, Subscription subscription) {
    log.add("ack " + subscription.type().shortName());
  }

  @Override
  public void rejected(
      DiscoveryConnection connection,
      Subscription subscription,
      Nack nack,
      List<EncodedResource> refused) {
    log.add("nack " + subscription.type().shortName() + " " + nack.message());
  }

  @Override
  public void ready(DiscoveryConnection connection) {}

  @Override
  public void closed(DiscoveryConnection connection) {
    log.add("closed");
  }

  /** What was logged since the last call. */
  List<String> drain() {
    List<String> lines = List.copyOf(log);
    log.clear();
    return lines;
  }

  private static List<String> changed(Sent sent) {
    return sent.changed().stream().flatMap(List::stream).toList();
  }
}

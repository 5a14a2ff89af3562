package io.meltemi.xds.server;

import io.grpc.Status;
import io.meltemi.xds.resource.EncodedResource;
import io.meltemi.xds.resource.TypeUrl;
import java.util.List;
import java.util.Optional;

/** Whoever has the resources. Called on the server's loop only. */
public interface DiscoveryBackend {
  /**
   * A client said who it is.
   *
   * @return OK to let it in, else the status its stream ends with
   */
  Status connected(DiscoveryConnection connection);

  /** A client wants more of a type; answered by {@link DiscoveryConnection#send}, now or later. */
  void requested(
      DiscoveryConnection connection, Subscription subscription, ResourceRequest request);

  /** A client took the last response of a type. */
  void acknowledged(DiscoveryConnection connection, Subscription subscription);

  /**
   * A client refused a response of a type and goes on with what it had.
   *
   * @param refused resources of the response that were new to the client; all that it should hold
   *     when none was
   */
  void rejected(
      DiscoveryConnection connection,
      Subscription subscription,
      Nack nack,
      List<EncodedResource> refused);

  /**
   * A client tells something by a request, instead of asking for anything.
   *
   * @param error of the request; empty for none
   * @return false when requests of the type do ask
   */
  default boolean told(DiscoveryConnection connection, TypeUrl type, Optional<String> error) {
    return false;
  }

  /** A client that was slow to read can take more. */
  void ready(DiscoveryConnection connection);

  /** There is room again for responses, after {@link DiscoveryConnection#hasRoom} was false. */
  default void room() {}

  /** A client that was let in is gone. */
  void closed(DiscoveryConnection connection);
}

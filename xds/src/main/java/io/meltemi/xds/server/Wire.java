package io.meltemi.xds.server;

import io.grpc.Status;
import io.meltemi.xds.resource.EncodedResource;
import io.meltemi.xds.resource.TypeUrl;
import java.util.List;

/** One variant of the protocol under a connection; used on the loop only. */
interface Wire {
  boolean delta();

  boolean isReady();

  void transmit(
      TypeUrl type,
      String version,
      String nonce,
      List<EncodedResource> resources,
      List<String> removed);

  void close(Status status);
}

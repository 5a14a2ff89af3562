package io.meltemi.xds.client;

import io.meltemi.xds.resource.TypeUrl;
import java.util.List;

/**
 * A response in the form that both variants share.
 *
 * @param complete what is absent from it does not exist
 * @param removed names said to be gone
 * @param malformed resources that are unusable whatever the watcher would say
 */
record Response(
    TypeUrl type,
    String version,
    String nonce,
    boolean complete,
    List<ReceivedResource> resources,
    List<String> removed,
    List<UpdateResult.Rejection> malformed) {}

package io.meltemi.xds.client;

import io.meltemi.xds.resource.TypeUrl;
import java.util.Set;

/** Takes the resources of one type. Called on the client's loop only; must not block. */
public interface ResourceWatcher {
  /**
   * Applies a change and says what was unusable, which becomes the NACK. Names that the watcher
   * subscribes to from here are asked for before the answer goes out, so that the server sends what
   * is missing before it counts the change as done.
   */
  UpdateResult onUpdate(ResourceUpdate update);

  /**
   * The server has not sent these within the initial fetch timeout; whoever waits for them should
   * go on without. They may still come later.
   *
   * @param names empty when the wildcard subscription itself had no response
   */
  void onFetchTimeout(TypeUrl type, Set<String> names);
}

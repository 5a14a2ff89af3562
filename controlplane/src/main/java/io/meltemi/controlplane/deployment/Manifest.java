package io.meltemi.controlplane.deployment;

import io.meltemi.config.resource.ResourceName;
import java.util.Map;

/**
 * An object to be applied to a cluster.
 *
 * @param content of maps, lists, strings, numbers and booleans, as in the object's JSON; the {@code
 *     uid} of owners is empty and is for whoever applies it
 */
public record Manifest(String kind, ResourceName id, Map<String, Object> content) {}

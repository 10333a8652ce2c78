"""Who answers a request: routes, destinations and policies as the mesh's proxies have them."""

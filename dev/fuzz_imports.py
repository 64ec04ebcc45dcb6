def run(server, name, count, seed): return []

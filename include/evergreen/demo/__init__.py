"""The play: real services, flights that land week after week, and somebody who watches."""
